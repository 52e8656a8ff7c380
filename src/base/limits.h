// Limits: every bound on what one chart, session or request may use. Each has a name (the option
// that sets it), a default, and a clear answer when it is reached; docs/reference/limits.md lists
// them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fermata {

// Bounds of running one session; section [scxml] of the configuration. 0 means "no bound" nowhere.
struct SessionLimits {
    // max-microstep-count: microsteps in one macrostep.
    std::uint32_t microstep_count_max = 1000;
    // max-state-entry-count: entries into one state within one macrostep.
    std::uint32_t state_entry_count_max = 100;
    // max-pending-events: external events waiting for one session; also its internal queue.
    std::uint32_t pending_events_max = 100;
    // max-events-per-run: macrosteps of one run, that is, before a commit is forced (ours).
    std::uint32_t macrosteps_per_run_max = 100;
    // max-effects-per-run: sends, cancels, invokes and log lines of one macrostep; a run that has
    // as many is cut (ours).
    std::uint32_t effects_per_run_max = 10'000;
    // process-event-timeout: processing time of one event, scripts included.
    std::chrono::milliseconds process_event_timeout{10'000};
    // max-event-size: bytes of one event's data in Fermata's encoding (ours).
    std::size_t event_bytes_max = 1U << 20U;
    // max-session-size: bytes of one session's stored record (ours).
    std::size_t session_bytes_max = 4U << 20U;
    // max-timers: pending delayed sends of one session (ours).
    std::uint32_t timers_max = 1000;
    // max-invokes: invoked children of one session that run at a time (ours).
    std::uint32_t invokes_max = 100;
    // script-memory: bytes that the scripts of one shard may use on top of what its sessions keep
    // (ours).
    std::size_t script_memory_max = 256U << 20U;
    // script-stack: bytes of stack for one script; deeper recursion is an error.execution (ours).
    std::size_t script_stack_max = 256U << 10U;
};

// Bounds of loading one document.
struct DocumentLimits {
    // max-document-size: bytes of a document, and of each included file (ours).
    std::size_t bytes_max = 8U << 20U;
    // max-includes: resources that one document may pull in (xi:include, script and data src).
    std::uint32_t includes_max = 500;
    // max-xml-depth: nesting of elements (ours).
    std::uint32_t depth_max = 256;
    // max-xml-nodes: elements, attributes and texts of one document with its includes (ours).
    std::uint32_t nodes_max = 1'000'000;
};

}  // namespace fermata
