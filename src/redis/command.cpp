#include "redis/command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "redis/script.h"

namespace fermata::redis {
namespace {

constexpr std::size_t kNumberCharsMax = 24;

template <typename Number>
std::string_view to_chars(std::array<char, kNumberCharsMax>& buffer, Number number) {
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    static_cast<void>(error);  // the buffer holds any 64-bit number
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

char* put(char* at, std::string_view text) {
    return std::copy(text.begin(), text.end(), at);
}

// "$5\r\n", "*3\r\n".
char* put_size(char* at, char mark, std::size_t size) {
    *at++ = mark;
    if (size < 10) {
        *at++ = static_cast<char>('0' + size);
    } else if (size < 100) {
        *at++ = static_cast<char>('0' + size / 10);
        *at++ = static_cast<char>('0' + size % 10);
    } else {
        at = std::to_chars(at, at + kNumberCharsMax, size).ptr;
    }
    return put(at, "\r\n");
}

constexpr std::size_t kSizeCharsMax = kNumberCharsMax + 3;

void append_word(GrowingBytes& out, std::string_view word) {
    char* const begin = out.begin(kSizeCharsMax + word.size() + 2);
    char* const end = put(put(put_size(begin, '$', word.size()), word), "\r\n");
    out.end(static_cast<std::size_t>(end - begin));
}

}  // namespace

Command::Command(std::string_view name) {
    add(name);
}

Command::Command(const Script& script, std::span<const std::string> keys) : script_(&script) {
    add(keys.size());
    for (const std::string& key : keys) {
        add(key);
    }
}

Command::Command(const Script& script, std::initializer_list<std::string_view> keys)
    : script_(&script) {
    add(keys.size());
    for (const std::string_view key : keys) {
        add(key);
    }
}

Command::Command(const Script& script, std::size_t key_count, std::size_t bytes)
    : script_(&script) {
    reserve(bytes).add(key_count);
}

Command& Command::add(std::string_view word) {
    append_word(body_, word);
    ++word_count_;
    return *this;
}

Command& Command::add_signed(std::int64_t number) {
    std::array<char, kNumberCharsMax> digits{};
    return add(to_chars(digits, number));
}

Command& Command::add_unsigned(std::uint64_t number) {
    std::array<char, kNumberCharsMax> digits{};
    return add(to_chars(digits, number));
}

Command& Command::reserve(std::size_t bytes) {
    body_.reserve(bytes);
    return *this;
}

Command& Command::share() {
    if (body_.size() == 0) {
        return *this;
    }
    GrowingBytes all;
    if (shared_ != nullptr) {
        all.append(shared_part());
        all.append(own_part());
    } else {
        all = std::move(body_);
    }
    body_ = GrowingBytes();
    shared_ = std::make_shared<const GrowingBytes>(std::move(all));
    return *this;
}

bool Command::switch_when_full() {
    if (script_ == nullptr || script_->when_full() == nullptr) {
        return false;
    }
    script_ = script_->when_full();
    return true;
}

void Command::append_head(std::string& out) const {
    std::array<char, kSizeCharsMax> size{};
    const std::size_t words = word_count_ + (script_ == nullptr ? 0 : 2);
    out.append(size.data(), put_size(size.data(), '*', words));
    if (script_ != nullptr) {
        out += "$7\r\nEVALSHA\r\n$40\r\n";
        out += script_->sha1();
        out += "\r\n";
    }
}

std::string Command::encoded() const {
    std::string out;
    append_head(out);
    out += shared_part();
    out += own_part();
    return out;
}

}  // namespace fermata::redis
