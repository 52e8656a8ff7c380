// StoredView: what a store's records say about a live session, for tools that look into a store
// without an engine.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/view.h"
#include "store/records.h"

namespace fermata::engine {

struct StoredSessionParts {
    store::SessionRecord record;
    std::vector<store::TimerRecord> timers;
    std::vector<store::InboxRecord> inbox;  // of this session
    // The text of the session's chart as the store has it under chart_hash; empty: not there, so
    // that the configuration stays empty.
    std::string document;
};

// kCorrupt when a record cannot be read.
Result<SessionView> stored_view(const StoredSessionParts& parts);

}  // namespace fermata::engine
