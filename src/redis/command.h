// Command: the words of one Redis command, encoded once, as they are added.
//
//   Command("HGET").add(key).add("state")
//   Command(script, {owner_key, session_key}).add(epoch).add(bytes)
//
// Words may hold any bytes. A command made from a script goes out as EVALSHA; the client loads the
// script where a server does not know it. Words that were share()d are not copied with the command.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redis/growing_bytes.h"

namespace fermata::redis {

class Script;

class Command {
  public:
    explicit Command(std::string_view name);
    // script must outlive the command and its answer.
    Command(const Script& script, std::span<const std::string> keys);
    Command(const Script& script, std::initializer_list<std::string_view> keys);
    // The keys are the next words that are added; room for words of so many bytes from the start.
    Command(const Script& script, std::size_t key_count, std::size_t bytes);

    Command& add(std::string_view word);
    template <std::integral Number>
    Command& add(Number number) {
        if constexpr (std::signed_integral<Number>) {
            return add_signed(number);
        } else {
            return add_unsigned(number);
        }
    }
    // Room for words of so many bytes to come: one allocation instead of several.
    Command& reserve(std::size_t bytes);

    // Copies share the words that were added so far. For one owner of a command that is not copied
    // yet.
    Command& share();

    [[nodiscard]] const Script* script() const { return script_; }
    // Goes on with the script that runs where memory is full; false: there is no other one.
    bool switch_when_full();
    // Of the encoded command, without the name of a script.
    [[nodiscard]] std::size_t size() const { return shared_part().size() + body_.size(); }
    [[nodiscard]] std::size_t word_count() const { return word_count_; }
    // The encoded words ("$3\r\nGET\r\n..."), without those that name a script: two parts, one
    // after the other.
    [[nodiscard]] std::string_view shared_part() const {
        return shared_ == nullptr ? std::string_view() : shared_->view();
    }
    [[nodiscard]] std::string_view own_part() const { return body_.view(); }

    // The bytes as they go over the wire.
    [[nodiscard]] std::string encoded() const;
    // "*N\r\n", and EVALSHA with its hash for a script; the body follows.
    void append_head(std::string& out) const;

  private:
    Command& add_signed(std::int64_t number);
    Command& add_unsigned(std::uint64_t number);

    const Script* script_ = nullptr;
    std::size_t word_count_ = 0;
    std::shared_ptr<const GrowingBytes> shared_;
    GrowingBytes body_;  // what follows it
};

}  // namespace fermata::redis
