// Base64 (RFC 4648, with padding): bytes within JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fermata::app {

std::string to_base64(std::string_view bytes);
// Nothing when the text is not exactly what to_base64() writes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace fermata::app
