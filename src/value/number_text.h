// Numbers as ECMAScript writes and reads them.
#pragma once

#include <string>
#include <string_view>

namespace fermata::value {

// Number::toString (ECMA-262 6.1.6.1.20): the shortest digits that read back as the same number;
// "NaN", "Infinity", and "0" for -0.
void append_number(std::string& out, double number);

// `text` has the form of a JSON number (RFC 8259 section 6). Too large is Infinity, too small is 0,
// as in ECMAScript.
double parse_json_number(std::string_view text);

}  // namespace fermata::value
