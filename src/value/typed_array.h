// Elements of encoded typed arrays.
#pragma once

#include <string>
#include <string_view>

#include "value/encoding.h"

namespace fermata::value {

// Appends the elements as a JSON array. `typed` stands at the tag of the kTyped value, `buffer` is
// what its ArrayBuffer holds; elements that would be outside of it end the list. A DataView has no
// elements of its own: [].
void append_typed_array(std::string& out, Reader typed, std::string_view buffer);

}  // namespace fermata::value
