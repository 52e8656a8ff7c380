#include "redis/command.h"

#include <array>
#include <charconv>

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

void append_size(std::string& out, char mark, std::size_t size) {
    std::array<char, kNumberCharsMax> digits{};
    out += mark;
    out += to_chars(digits, size);
    out += "\r\n";
}

void append_word(std::string& out, std::string_view word) {
    append_size(out, '$', word.size());
    out += word;
    out += "\r\n";
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
    body_.reserve(body_.size() + bytes);
    return *this;
}

void Command::append_head(std::string& out) const {
    if (script_ == nullptr) {
        append_size(out, '*', word_count_);
        return;
    }
    append_size(out, '*', word_count_ + 2);
    append_word(out, "EVALSHA");
    append_word(out, script_->sha1());
}

std::string Command::encoded() const {
    std::string out;
    append_head(out);
    out += body_;
    return out;
}

}  // namespace fermata::redis
