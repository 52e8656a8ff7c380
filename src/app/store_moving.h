// Store moving: a whole store to a file, from a file, or into another store (`fermata store`).
//
// Threads: the caller's, which waits for the stores.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "app/stored_records.h"
#include "base/result.h"
#include "store/store.h"

namespace fermata::app {

struct MovingOptions {
    // Take the partitions of the store that is read over first, so that a server that runs on them
    // is fenced; otherwise it is noticed and refused.
    bool take_over = false;
    // Go on after an import that broke off: sessions that are there in the same version are its.
    bool resume = false;
    std::uint32_t node = 1;  // that claims partitions
    // Called now and then with what happens ("written") and how many sessions. May be empty.
    std::function<void(const char* what, std::uint64_t sessions)> progress;
};

struct MovingOutcome {
    StoreCounts counts;
    // Documents' names that the target has with another version, which stay as they are there.
    std::vector<std::string> kept_names;
};

// `path` "-": standard output. A file appears under its name when it is complete; kConflict when it
// is there already.
Result<StoreCounts> export_store(store::Store& store, const std::string& path,
                                 const MovingOptions& options);

// kConflict, with nothing written: a session of the file is in the store already.
Result<MovingOutcome> import_store(store::Store& store, const std::string& path,
                                   const MovingOptions& options);

// The same from store to store. `from` keeps everything.
Result<MovingOutcome> migrate_store(store::Store& from, store::Store& to,
                                    const MovingOptions& options);

}  // namespace fermata::app
