// Percent-encoding of RFC 3986.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fermata::http {

// Everything but the unreserved characters (letters, digits, "-._~") becomes %XX.
std::string percent_encode(std::string_view text);
// nullopt for "%" without two hex digits behind it. "+" stays "+".
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace fermata::http
