// Store lines: stored records as lines of JSON (docs/formats/export.md), for files that people
// keep.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "app/stored_records.h"
#include "base/result.h"

namespace fermata::app {

inline constexpr int kExportFormat = 1;

// Without the line's end.
std::string to_line(const StoredPiece& piece);

// kCorrupt: no line of this format; kInvalidArgument: of a newer one.
Result<StoredPiece> from_line(std::string_view line);

}  // namespace fermata::app
