// Run: one session while the interpreter works on it: the procedures of SCXML appendix D.
//
// Lives for one start, step or cancel. Selection is in run_selection.cpp, exit and entry of states
// in run_microstep.cpp, executable content in run_content.cpp, <send> in run_send.cpp, <invoke> in
// run_invoke.cpp, data in run_data.cpp, errors and limits in run_limits.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "scxml/chart_tables.h"
#include "scxml/entry_set.h"
#include "scxml/internal_queue.h"
#include "scxml/interpreter.h"
#include "scxml/selection_cache.h"
#include "scxml/session_host.h"

namespace fermata::scxml {

// What an interpreter keeps about one chart between runs.
struct ChartScratch {
    explicit ChartScratch(const std::shared_ptr<const Chart>& of);

    // Counters that start anew by a new mark, so that nothing is cleared between macrosteps.
    struct Counter {
        std::uint32_t mark = 0;
        std::uint32_t count = 0;
    };

    std::weak_ptr<const Chart> chart;
    SelectionCache cache;
    std::vector<Counter> entries;         // by state: entries in this macrostep
    std::vector<std::uint32_t> seen;      // by transition: selection in which it was met
    std::vector<std::uint32_t> rejected;  // by transition: selection in which its condition failed
    std::uint32_t selection = 0;
    std::uint32_t macrostep = 0;
};

struct Interpreter::Scratch {
    // Charts whose sessions are gone are forgotten when more than this many are known.
    static constexpr std::size_t kChartsMax = 256;

    ChartScratch& of(const std::shared_ptr<const Chart>& chart);

    std::unordered_map<std::uint64_t, std::unique_ptr<ChartScratch>> charts;
    std::uint64_t last_serial = 0;
    ChartScratch* last = nullptr;
    InternalQueue queue;
    std::vector<TransitionIndex> enabled;
    std::vector<TransitionIndex> kept;
    std::vector<StateIndex> to_invoke;
};

class Interpreter::Run {
  public:
    Run(const SessionLimits& limits, Scratch& scratch, Session& session, Surroundings& surroundings,
        Effects& effects, Observer* observer);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

    void start(const Parameters& parameters);
    void step(const value::Event& event);
    void cancel();

  private:
    // A place in the document, with what stands there.
    struct Origin {
        std::string_view element;
        Place place;
        std::string_view sendid;
    };
    struct LimitHit {
        const char* name = "";
        std::uint64_t value = 0;
        Place place;
        StateIndex state = kNone;
    };

    // interpreter.cpp
    void run_to_rest();
    bool take_internal_event();
    [[nodiscard]] bool is_of_cancelled_child(const value::Event& event) const;
    void see_event(const value::Event& event);
    [[nodiscard]] bool is_event_seen() const {
        return observer_ != nullptr || (data_ != nullptr && tables_.uses_event);
    }
    void end(EndReason reason, std::string detail);
    SessionState::Rare& rare();

    // run_selection.cpp
    void select(EventClass event);
    void consider(EventClass event, StateIndex atomic);
    bool holds(TransitionIndex transition);
    void remove_conflicts();
    [[nodiscard]] bool conflicts(TransitionIndex a, TransitionIndex b) const;
    [[nodiscard]] StateIndex domain_of(TransitionIndex transition) const;

    // run_microstep.cpp
    void microstep();
    void exit_states();
    void exit_subtree(StateIndex begin, StateIndex end);
    void exit_state(StateIndex state);
    void record_histories(StateIndex begin, StateIndex end);
    void record_history(StateIndex history);
    void enter_states();
    void enter_list(std::span<const StateIndex> states,
                    const std::vector<EntrySet::DefaultContent>& history_content);
    void enter_state(StateIndex state, bool by_default,
                     const std::vector<EntrySet::DefaultContent>& history_content);
    void count_entry(StateIndex state);
    void reach_final(StateIndex final_state);
    [[nodiscard]] bool is_in_final_state(StateIndex state) const;
    void raise_done(StateIndex state, value::Value data);

    // run_content.cpp
    void run_block(BlockIndex block);
    void run_blocks(Range blocks);
    bool run_instruction(std::uint32_t at, std::uint32_t& next, std::uint32_t& open_loops);
    bool assign(std::uint32_t at);
    bool log(std::uint32_t at);
    bool cancel_send(std::uint32_t at);
    bool begin_loop(std::uint32_t at, std::uint32_t& open_loops);
    bool next_in_loop(std::uint32_t at, std::uint32_t& next);
    bool raise(NameIndex name, Place place);
    bool raise(value::Event event, Place place);
    [[nodiscard]] Origin origin_of(std::uint32_t instruction) const;

    // run_send.cpp
    bool send(std::uint32_t at);
    bool read_send(const Send& send, SendEffect& effect, std::string& type, const Origin& origin);
    bool route_send(SendEffect& effect, std::string_view type, const Origin& origin);
    bool route_to_session(SendEffect& effect, const Origin& origin);
    bool route_to_http(SendEffect& effect, const Origin& origin);
    [[nodiscard]] bool is_own_location(std::string_view target) const;
    [[nodiscard]] bool is_reachable(std::string_view target) const;
    bool read_payload(Range parameters, const Content& content, value::Value& data,
                      std::vector<std::pair<std::string, value::Value>>* pairs,
                      const Origin& origin);
    bool evaluate_parameters(Range parameters,
                             std::vector<std::pair<std::string, value::Value>>& values,
                             const Origin& origin);
    bool read_text(const TextSource& source, std::string& text, const Origin& origin);
    bool use_constant(ConstantIndex constant, const value::Value*& value, const Origin& origin);
    // Of a final state; undefined when it has none or it is in error (SCXML 5.5).
    value::Value donedata_of(StateIndex final_state);

    // run_invoke.cpp
    void start_invokes();
    void start_invoke(InvokeIndex index);
    bool read_invoke(const Invoke& invoke, InvokeEffect& effect, const Origin& origin);
    void cancel_invokes(StateIndex state);
    void cancel_all_invokes();
    void pass_to_invokes(const value::Event& event);
    void finalize(const Invoke& invoke, const value::Event& event);

    // run_data.cpp
    void initialise_data(const Parameters& parameters);
    void initialise_item(const Data& data);
    void override_item(const Data& data, const value::Value& value);
    void initialise_late(StateIndex state);

    // run_limits.cpp
    void fail(const script::Failure& failure, script::ExpressionId expression,
              const Origin& origin);
    void fail(std::string_view message, const Origin& origin);
    // max-effects-per-run: false, and error.execution at the element, when there is no room for
    // another one.
    bool has_room_for_effect(const Origin& origin);
    void raise_error(std::string name, std::string_view message, const Origin& origin,
                     const script::Failure* failure = nullptr);
    void hit_limit(const char* name, std::uint64_t value, Place place, StateIndex state);
    void react_to_limit();
    [[nodiscard]] std::string describe(const LimitHit& hit) const;
    [[nodiscard]] const std::string& document_of(Place place) const;
    // A limit was hit: what is being executed ends here, so that the chart can react.
    [[nodiscard]] bool is_at_limit() const { return pending_limit_ || last_limit_; }
    // Asks every kStopInterval calls.
    void check_stop(Place place);

    static constexpr std::uint32_t kStopInterval = 64;

    const SessionLimits& limits_;
    Scratch& scratch_;
    Session& session_;
    const Chart& chart_;
    const ChartTables& tables_;
    ChartScratch& known_;
    SessionState& state_;
    script::DataModel* data_;
    Surroundings& surroundings_;
    Effects& effects_;
    Observer* observer_;
    StopSignal stop_;
    SessionHost host_;

    std::uint32_t microsteps_ = 0;
    std::uint32_t stop_countdown_ = kStopInterval;
    bool is_limit_spent_ = false;
    std::optional<LimitHit> pending_limit_;
    std::optional<LimitHit> last_limit_;  // the second hit, which ends the session
};

}  // namespace fermata::scxml
