// Time of the simulation: microseconds since its start, as nobody in it can see.
#pragma once

#include <cstdint>

namespace fermata::cluster::sim {

using Time = std::int64_t;

constexpr Time kMillisecond = 1000;
constexpr Time kSecond = 1000 * kMillisecond;

}  // namespace fermata::cluster::sim
