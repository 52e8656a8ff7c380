// URL references (RFC 3986), as far as documents need them: file:, http:, https: and our own
// document: scheme.
#pragma once

#include <string>
#include <string_view>

namespace fermata::scxml {

// RFC 3986 5.2: `reference` as seen from `base`, which must be absolute. Never fails: characters
// that no URL may hold (blanks, backslashes, anything beyond ASCII) come out percent-encoded, so
// that one file always has one name, however a document spells it.
std::string resolve_url(std::string_view base, std::string_view reference);

}  // namespace fermata::scxml
