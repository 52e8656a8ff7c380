#include "redis/command.h"

#include <algorithm>
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

// Most words are short: they are put together aside and appended at once, which is several times
// cheaper than appending their five parts.
void append_word(std::string& out, std::string_view word) {
    constexpr std::size_t kShort = 99;
    if (word.size() > kShort) {
        append_size(out, '$', word.size());
        out += word;
        out += "\r\n";
        return;
    }
    std::array<char, kShort + 8> text;  // NOLINT(*-init-variables): what is read was written
    char* at = text.data();
    *at++ = '$';
    if (word.size() >= 10) {
        *at++ = static_cast<char>('0' + word.size() / 10);
    }
    *at++ = static_cast<char>('0' + word.size() % 10);
    *at++ = '\r';
    *at++ = '\n';
    at = std::copy(word.begin(), word.end(), at);
    *at++ = '\r';
    *at++ = '\n';
    out.append(text.data(), static_cast<std::size_t>(at - text.data()));
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

Command::Command(const Script& script, std::size_t key_count) : script_(&script) {
    add(key_count);
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

Command Command::copy_with_room(std::size_t bytes) const {
    Command copy;
    copy.script_ = script_;
    copy.word_count_ = word_count_;
    copy.body_.reserve(body_.size() + bytes);
    copy.body_ += body_;
    return copy;
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
