// Looks through write-ahead logs before RocksDB recovers from them.
//
// RocksDB takes a record that seems to reach beyond the end of its file for one that was cut off by
// a power failure, and drops it. That is right at the end of the log; but one damaged length in the
// middle makes all that follows look like it, and acknowledged commits would be gone in silence. So
// what looks cut off is believed only when nothing intact follows it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace fermata::store {

// kCorrupt, with file and byte, when a log is damaged elsewhere than by being cut off at its end.
Result<void> check_logs(const std::filesystem::path& folder);

// One log by its contents; `name` is for the message.
Result<void> check_log(std::string_view bytes, std::string_view name);

}  // namespace fermata::store
