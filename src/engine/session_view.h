// What the engine tells about one session, from its live form or from its stored record.
#pragma once

#include <optional>

#include "base/result.h"
#include "engine/live_session.h"
#include "engine/view.h"
#include "store/records.h"

namespace fermata::engine {

SessionView view_of(const LiveSession& session);
// Of an ended session.
Result<SessionView> view_of(const store::SessionRecord& record);
// kCorrupt when the record cannot be read.
Result<SessionSummary> summary_of(const store::SessionRecord& record);

}  // namespace fermata::engine
