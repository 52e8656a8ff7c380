// Slots: a Redis Cluster spreads keys over 16384 of them by CRC16.
#pragma once

#include <cstdint>
#include <string_view>

namespace fermata::redis {

using Slot = std::uint16_t;
constexpr unsigned kSlotCount = 16'384;

// CRC16 (XMODEM), as the cluster specification has it.
std::uint16_t crc16(std::string_view bytes);
// Of the part between the first '{' and the next '}' if there is one and it is not empty; of the
// whole key otherwise.
Slot slot_of(std::string_view key);

}  // namespace fermata::redis
