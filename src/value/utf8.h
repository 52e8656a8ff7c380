// UTF-8 at the level of code points: checking, reading, writing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fermata::value {

// ECMAScript strings may hold half a surrogate pair, which Values keep as its three bytes (WTF-8);
// documents may not.
enum class Surrogates : std::uint8_t { kRefuse, kAllow };

inline constexpr std::uint32_t kNoCodePoint = 0xffffffffU;

// The code point at `at`, which is moved behind it; kNoCodePoint (and `at` unmoved) when the bytes
// there are not UTF-8.
std::uint32_t next_code_point(std::string_view text, std::size_t& at, Surrogates surrogates);

// Length of the longest valid beginning: text.size() when all of it is valid.
std::size_t valid_utf8_prefix(std::string_view text, Surrogates surrogates);

// `code_point` is at most 0x10ffff.
void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace fermata::value
