// Store reading: everything that a store holds, as pieces in a fixed order: the head; documents'
// names; partition after partition its numbers, sessions (each after the document it needs), inbox,
// outbox and answers; the counts.
//
// Threads: the caller's, which waits for the store.
#pragma once

#include "app/stored_records.h"
#include "base/result.h"
#include "store/store.h"

namespace fermata::app {

struct ReadingOptions {
    // Nothing may change while it is read. Claim: the partitions are taken over first, so that a
    // server that runs on them is fenced. Otherwise a change is noticed at the end (kConflict), as
    // far as the store counts changes.
    bool claim = false;
    std::uint32_t node = 1;  // that claims
    // Called now and then, with the sessions read so far. May be empty.
    std::function<void(std::uint64_t sessions)> progress = {};
};

// What was read. A document that a session needs and that is not there is left out, with a line in
// the log.
Result<StoreCounts> read_store(store::Store& store, const ReadingOptions& options,
                               const PieceSink& sink);

}  // namespace fermata::app
