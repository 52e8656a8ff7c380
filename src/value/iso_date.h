// Dates as ECMAScript's toISOString writes them.
#pragma once

#include <string>

namespace fermata::value {

// "1970-01-01T00:00:00.000Z", years beyond 0 to 9999 with sign and six digits; empty for what is no
// date (NaN, or more than 8.64e15 ms from the epoch).
std::string iso_date(double unix_ms);

}  // namespace fermata::value
