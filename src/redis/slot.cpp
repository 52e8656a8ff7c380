#include "redis/slot.h"

#include <array>
#include <cstddef>

namespace fermata::redis {
namespace {

constexpr std::uint16_t kPolynomial = 0x1021;

constexpr std::array<std::uint16_t, 256> make_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < table.size(); ++byte) {
        unsigned remainder = byte << 8U;
        for (int bit = 0; bit < 8; ++bit) {
            const bool is_carry = (remainder & 0x8000U) != 0;
            remainder = ((remainder << 1U) ^ (is_carry ? kPolynomial : 0U)) & 0xFFFFU;
        }
        table[byte] = static_cast<std::uint16_t>(remainder);
    }
    return table;
}

constexpr std::array<std::uint16_t, 256> kTable = make_table();

std::string_view hashed_part(std::string_view key) {
    const std::size_t open = key.find('{');
    if (open == std::string_view::npos) {
        return key;
    }
    const std::size_t close = key.find('}', open + 1);
    if (close == std::string_view::npos || close == open + 1) {
        return key;
    }
    return key.substr(open + 1, close - open - 1);
}

}  // namespace

std::uint16_t crc16(std::string_view bytes) {
    unsigned remainder = 0;
    for (const char character : bytes) {
        const auto byte = static_cast<unsigned char>(character);
        remainder = ((remainder << 8U) & 0xFFFFU) ^ kTable[((remainder >> 8U) ^ byte) & 0xFFU];
    }
    return static_cast<std::uint16_t>(remainder);
}

Slot slot_of(std::string_view key) {
    return static_cast<Slot>(crc16(hashed_part(key)) % kSlotCount);
}

}  // namespace fermata::redis
