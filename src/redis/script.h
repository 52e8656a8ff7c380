// Script: a Lua script and the name Redis knows it by.
//
// Ownership: the text is kept by the script; scripts live as long as commands that name them (they
// are constants of the program as a rule).
#pragma once

#include <string>
#include <string_view>

namespace fermata::redis {

class Script {
  public:
    // The first line of a script that runs also where the server has reached its maxmemory (OOM).
    static constexpr std::string_view kRunsWhenFull = "#!lua flags=allow-oom\n";

    // when_full: what a server that refuses this one for lack of memory is sent instead, with the
    // same words; must outlive it. Null: it waits for memory.
    explicit Script(std::string text, const Script* when_full = nullptr);

    [[nodiscard]] const std::string& text() const { return text_; }
    // SHA-1 of the text, 40 lower-case hexadecimal digits.
    [[nodiscard]] const std::string& sha1() const { return sha1_; }
    [[nodiscard]] const Script* when_full() const { return when_full_; }
    [[nodiscard]] bool runs_when_full() const { return text_.starts_with(kRunsWhenFull); }

  private:
    std::string text_;
    std::string sha1_;
    const Script* when_full_;
};

}  // namespace fermata::redis
