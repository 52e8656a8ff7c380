// Delays as CSS2 writes times (SCXML 6.2.3): "1.5s", ".5s", "200ms", and a bare "0".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fermata::scxml {

// Milliseconds, rounded down; nothing for text that is no such time, is negative or beyond
// kDelayMsMax.
std::optional<std::int64_t> parse_delay(std::string_view text);

// A hundred years: longer delays are mistakes, and sums of time stamps stay far from overflow.
inline constexpr std::int64_t kDelayMsMax = std::int64_t{100} * 366 * 86'400'000;

}  // namespace fermata::scxml
