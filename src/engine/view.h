// Views: what the engine tells about sessions, for the HTTP interface, the command line and live
// streams.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/session_id.h"
#include "value/event.h"
#include "value/value.h"

namespace fermata::engine {

enum class SessionStatus : std::uint8_t {
    kScheduled,  // start_at lies in the future
    kActive,
    kFinal,      // reached a top-level <final>
    kCancelled,  // ended from outside, or by its parent
    kError,      // ended for a limit, or its document could not be had any more
};
std::string_view to_string(
    SessionStatus status);  // "scheduled", "active", "final", "cancelled", "error"

struct TimerView {
    std::string sendid;
    std::string event;
    UnixMillis due_ms = 0;
};

struct SessionSummary {
    SessionId id;
    std::string key;  // the client's own name for it, when it gave one
    SessionStatus status = SessionStatus::kActive;
    std::string application;  // `name` of <scxml>, else the last part of the document's URL
    std::string chart_hash;
    std::string url;   // of the document
    SessionId parent;  // of invoked children
    bool has_parent = false;
    UnixMillis created_ms = 0;
    UnixMillis ended_ms = 0;
    std::uint64_t seq = 0;
};

struct SessionView {
    SessionSummary summary;
    std::vector<std::string> configuration;  // ids of all active states in document order; for
                                             // ended ones just before the exit
    std::vector<std::pair<std::string, value::Value>> data;
    std::vector<TimerView> timers;
    std::vector<value::Event> pending;  // external events not yet processed
    std::vector<std::pair<std::string, SessionId>> invokes;
    value::Value donedata;
    std::string detail;  // for kError: why
};

// One observable moment, for the event streams; ids increase within a process run.
struct LiveMoment {
    // The numbers are stored in journals: never change one, only add.
    enum class Kind : std::uint8_t {
        kStarted,
        kEvent,
        kTransition,
        kEntered,
        kExited,
        kLog,
        kEnded,
    };
    std::uint64_t id = 0;
    UnixMillis at_ms = 0;
    Kind kind = Kind::kEvent;
    SessionId session;
    std::string application;
    std::uint64_t seq = 0;  // of the commit that contains it
    std::string name;       // event name, state id, "source -> targets", log label, end status
    value::Value value;     // event data, log value, donedata
};
std::string_view to_string(
    LiveMoment::Kind kind);  // "session.started", "event", "transition", "state.entered",
                             // "state.exited", "log", "session.ended"

// One moment as the journal keeps it.
struct JournalStep {
    LiveMoment::Kind kind = LiveMoment::Kind::kEvent;
    std::string name;  // as LiveMoment's, cut when it is long
    std::string text;  // of a log line: its value
    bool operator==(const JournalStep&) const = default;
};

// One run of a session: all its macrosteps in order.
struct JournalEntry {
    std::uint64_t seq = 0;  // of the commit that ended it
    UnixMillis at_ms = 0;
    std::vector<JournalStep> steps;
    std::uint64_t left_out = 0;  // steps beyond the bound of an entry
    bool operator==(const JournalEntry&) const = default;
};

}  // namespace fermata::engine
