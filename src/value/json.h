// JSON of encoded values; Value::from_json and Value::to_json are the public way to it.
#pragma once

#include <string>
#include <string_view>

namespace fermata::value {

// `bytes` is one value that was checked before or written by this process.
std::string write_json(std::string_view bytes);

// Beyond this much text, a value that several others share is written once and as {"$ref":null}
// from then on: sharing may make the text of a small value exponentially long.
inline constexpr std::size_t kSharedJsonBytesMax = 1U << 20U;

}  // namespace fermata::value
