// JSON of encoded values; Value::from_json and Value::to_json are the public way to it.
#pragma once

#include <string>
#include <string_view>

namespace fermata::value {

// `bytes` is one value that was checked before or written by this process.
std::string write_json(std::string_view bytes);

// Beyond this much text (and skipped input), a value that stands in several places is written as
// {"$ref":null} in all but the first: sharing may make the text of a small value exponentially
// long.
inline constexpr std::size_t kSharedJsonBytesMax = 1U << 20U;

}  // namespace fermata::value
