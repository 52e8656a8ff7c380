// Record format: the version of what the engine writes into the store
// (docs/formats/session-record.md).
//
// A process reads all formats up to its newest one. It writes the one that it is told (Ownership):
// in a cluster others may have to read it, and some of them may be older.
//
// Threads: pure functions.
#pragma once

#include <cstdint>

namespace fermata::engine {

using RecordFormat = std::uint8_t;

// The oldest format that is still written; older ones are only read.
inline constexpr RecordFormat kRecordFormatOldest = 1;

// Raised when a record's layout changes; decoders keep reading older ones. A function, because a
// test's program brings another one (record_format_next.cpp).
RecordFormat record_format_newest();

}  // namespace fermata::engine
