#include "store/keys.h"

#include <algorithm>

namespace fermata::store {

std::string Key::end() const {
    std::string end = bytes_;
    // The table letter is below 0x7f, so there is always a byte to raise.
    while (end.back() == '\xff') {
        end.pop_back();
    }
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    return end;
}

SessionId KeyReader::session() {
    std::array<std::uint8_t, SessionId::kBytes> bytes{};
    const std::size_t size = std::min(left_.size(), bytes.size());
    for (std::size_t at = 0; at < size; ++at) {
        bytes[at] = static_cast<std::uint8_t>(left_[at]);
    }
    left_.remove_prefix(size);
    return SessionId::from_bytes(bytes);
}

std::uint64_t KeyReader::big_endian(std::size_t size) {
    std::uint64_t number = 0;
    size = std::min(size, left_.size());
    for (std::size_t at = 0; at < size; ++at) {
        number = (number << 8U) | static_cast<std::uint8_t>(left_[at]);
    }
    left_.remove_prefix(size);
    return number;
}

}  // namespace fermata::store
