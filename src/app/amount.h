// Amounts: durations and sizes as people write them: "250ms", "10s", "5m", "2h", "90d"; "64KiB",
// "8MiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace fermata::app {

// A bare number counts `bare_unit` (1: milliseconds, 1000: seconds).
Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::int64_t bare_unit = 1);
// A bare number counts bytes. KiB, MiB and GiB are powers of 1024, and so are KB, MB, GB, k, m and
// g: nobody who limits memory means anything else.
Result<std::int64_t> parse_size(std::string_view text);

}  // namespace fermata::app
