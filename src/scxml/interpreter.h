// Interpreter: SCXML's algorithm (appendix D) as a pure function: (chart, state, event) -> (state',
// effects).
//
// No clock, thread, socket, store or logger. One Interpreter per shard; it keeps scratch memory so
// that a macrostep of a running session allocates nothing it need not.
//
// Limits of a macrostep: max-microstep-count, max-state-entry-count, max-pending-events (for the
// internal queue), process-event-timeout (Surroundings::should_stop) and script-memory. At the
// first hit the internal queue is emptied and error.platform.limit is handled at once, ahead even
// of eventless transitions; its data is {limit, value, state, document, line}. All counts start
// anew then, and should_stop is not obeyed for StopSignal::kGraceQuestions questions, so that the
// chart can react. At the second hit the session ends with EndReason::kLimit and runs no more code,
// its onexit handlers included. max-invokes, max-effects-per-run: an <invoke>, <send>, <cancel> or
// <log> beyond it is an error.execution; ends of children and forwarded events always have room.
//
// Threads: one owner at a time. Charts are immutable and shared.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "script/data_model.h"
#include "scxml/chart.h"
#include "scxml/effects.h"
#include "scxml/session_state.h"

namespace fermata::scxml {

// Sees every observable moment of a macrostep, in order (for live views, journals and traces).
class Observer {
  public:
    Observer() = default;
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;
    virtual ~Observer() = default;

    virtual void on_event(const value::Event& event) = 0;
    virtual void on_exited(const Chart& chart, StateIndex state) = 0;
    virtual void on_transition(const Chart& chart, TransitionIndex transition) = 0;
    virtual void on_entered(const Chart& chart, StateIndex state) = 0;
};

// What the interpreter must ask the outside while it runs; answers may not depend on anything but
// the session's surroundings at this moment. script::Host's questions about ids and time come
// along.
class Surroundings {
  public:
    Surroundings() = default;
    Surroundings(const Surroundings&) = delete;
    Surroundings& operator=(const Surroundings&) = delete;
    virtual ~Surroundings() = default;

    [[nodiscard]] virtual std::string session_id() const = 0;
    [[nodiscard]] virtual std::vector<script::IoProcessor> io_processors() const = 0;
    // process-event-timeout is over.
    [[nodiscard]] virtual bool should_stop() const = 0;
    // Can an event be sent to this SCXML target now (SCXML C.1: else error.communication at once)?
    // Asked for #_scxml_<id>, #_parent and #_<invokeid>. When the answer cannot be known here,
    // true.
    [[nodiscard]] virtual bool is_reachable(std::string_view target) const = 0;
    // A fresh unique id for <send idlocation> and generated invoke ids. Deterministic per session
    // is best.
    [[nodiscard]] virtual std::string unique_id() = 0;
};

// One session as the interpreter sees it.
struct Session {
    std::shared_ptr<const Chart> chart;
    SessionState state;
    // May be null when the chart has neither expressions nor <data> (program() tells). Uses the
    // chart's program, so it stands behind the chart.
    std::unique_ptr<script::DataModel> data;
};

// Values for top-level <data> that override what the document says (SCXML 6.4.3; REST start
// parameters).
using Parameters = std::vector<std::pair<std::string, value::Value>>;

class Interpreter {
  public:
    explicit Interpreter(const SessionLimits& limits);
    ~Interpreter();
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    // Enters the initial configuration and runs to the end of the first macrostep.
    // Appends to `effects`; `observer` may be null.
    void start(Session& session, const Parameters& parameters, Surroundings& surroundings,
               Effects& effects, Observer* observer = nullptr);

    // One external event and the macrostep it causes (finalize and autoforward included).
    void step(Session& session, const value::Event& event, Surroundings& surroundings,
              Effects& effects, Observer* observer = nullptr);

    // Exits all active states, running their onexit handlers, and ends the session (SCXML: cancel
    // event).
    void cancel(Session& session, Surroundings& surroundings, Effects& effects,
                Observer* observer = nullptr);

  private:
    class Run;
    struct Scratch;
    SessionLimits limits_;
    std::unique_ptr<Scratch> scratch_;
};

// Restores the data items of a session from a snapshot (names and values).
script::Outcome<void> restore_data(Session& session, Surroundings& surroundings,
                                   const Parameters& items);

}  // namespace fermata::scxml
