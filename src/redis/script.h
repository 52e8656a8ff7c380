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
    explicit Script(std::string text);

    [[nodiscard]] const std::string& text() const { return text_; }
    // SHA-1 of the text, 40 lower-case hexadecimal digits.
    [[nodiscard]] const std::string& sha1() const { return sha1_; }

  private:
    std::string text_;
    std::string sha1_;
};

}  // namespace fermata::redis
