// Forms: application/x-www-form-urlencoded, in bodies and in query strings.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/headers.h"

namespace fermata::http {

// form-fields-max: parameters of one form or query; more is kTooLarge.
inline constexpr std::size_t kFormFieldsMax = 1000;

// "a=1&b=x+y&c" gives {a,1} {b,"x y"} {c,""}; empty parts are skipped. kInvalidArgument for bad
// percent-encoding.
Result<Fields> parse_form(std::string_view text);
// The reverse; blanks become "+".
std::string format_form(const Fields& fields);

}  // namespace fermata::http
