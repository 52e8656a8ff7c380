// Store users: the servers that work on a store now, as their beats show.
//
// Threads: the caller's, which waits for the store.
#pragma once

#include <chrono>

#include "base/result.h"
#include "store/store.h"

namespace fermata::app {

// kConflict, naming one: an instance beats. Answers at once when none has a record; otherwise it
// watches for a lease, in which a living instance beats three times.
Result<void> require_no_users(store::Store& store, std::chrono::milliseconds lease);

}  // namespace fermata::app
