#include "scxml/interpreter.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "scxml/run.h"

namespace fermata::scxml {

ChartScratch::ChartScratch(const std::shared_ptr<const Chart>& of)
    : chart(of),
      cache(of->tables()),
      entries(of->states().size()),
      seen(of->transitions().size()),
      rejected(of->transitions().size()) {}

ChartScratch& Interpreter::Scratch::of(const std::shared_ptr<const Chart>& chart) {
    const std::uint64_t serial = chart->tables().serial;
    if (serial == last_serial) {
        return *last;
    }
    auto found = charts.find(serial);
    if (found == charts.end()) {
        if (charts.size() >= kChartsMax) {
            std::erase_if(charts, [](const auto& entry) { return entry.second->chart.expired(); });
        }
        found = charts.emplace(serial, std::make_unique<ChartScratch>(chart)).first;
    }
    last_serial = serial;
    last = found->second.get();
    return *last;
}

Interpreter::Interpreter(const SessionLimits& limits)
    : limits_(limits), scratch_(std::make_unique<Scratch>()) {}

Interpreter::~Interpreter() = default;

void Interpreter::start(Session& session, const Parameters& parameters, Surroundings& surroundings,
                        Effects& effects, Observer* observer) {
    Run(limits_, *scratch_, session, surroundings, effects, observer).start(parameters);
}

void Interpreter::step(Session& session, const value::Event& event, Surroundings& surroundings,
                       Effects& effects, Observer* observer) {
    if (session.state.running) {
        Run(limits_, *scratch_, session, surroundings, effects, observer).step(event);
    }
}

void Interpreter::cancel(Session& session, Surroundings& surroundings, Effects& effects,
                         Observer* observer) {
    if (session.state.running) {
        Run(limits_, *scratch_, session, surroundings, effects, observer).cancel();
    }
}

Interpreter::Run::Run(const SessionLimits& limits, Scratch& scratch, Session& session,
                      Surroundings& surroundings, Effects& effects, Observer* observer)
    : limits_(limits),
      scratch_(scratch),
      session_(session),
      chart_(*session.chart),
      tables_(chart_.tables()),
      known_(scratch.of(session.chart)),
      state_(session.state),
      data_(session.data.get()),
      surroundings_(surroundings),
      effects_(effects),
      observer_(observer),
      stop_(surroundings),
      host_(chart_, state_, surroundings, stop_) {
    FERMATA_CHECK(data_ != nullptr || tables_.program->expressions.empty());
    scratch_.queue.clear();
    scratch_.to_invoke.clear();
    ++known_.macrostep;
    if (data_ != nullptr) {
        data_->enter(host_);
    }
    if (state_.rare != nullptr && !state_.rare->internal_queue.empty()) {
        for (value::Event& event : std::exchange(state_.rare->internal_queue, {})) {
            scratch_.queue.push(std::move(event));
        }
    }
}

Interpreter::Run::~Run() {
    if (data_ != nullptr) {
        data_->leave();
    }
}

void Interpreter::Run::start(const Parameters& parameters) {
    state_.configuration = StateSet(static_cast<StateIndex>(tables_.states.size()));
    state_.rare.reset();
    state_.running = true;
    if (data_ != nullptr) {
        initialise_data(parameters);
    }
    if (tables_.script != kNone) {
        run_block(tables_.script);
    }
    scratch_.enabled.assign(1, tables_.states[0].initial);
    microstep();
    run_to_rest();
}

void Interpreter::Run::step(const value::Event& event) {
    if (!event.invokeid.empty() && is_of_cancelled_child(event)) {
        return;
    }
    const EventClass of = known_.cache.class_of(event.name);
    if (is_event_seen()) {
        see_event(event);
    }
    if (tables_.keeps_event) {
        rare().last_event = std::make_unique<value::Event>(event);
    }
    if (tables_.has_invokes) {
        pass_to_invokes(event);
    }
    select(of);
    if (!scratch_.enabled.empty()) {
        ++microsteps_;
        microstep();
    }
    run_to_rest();
}

// SCXML 6.4: events of a child that was cancelled are ignored. Not so the done event of one that
// ended by itself before its state was left (test 236): the engine makes none for a cancelled
// child. An event that a parent forwarded bears an id that is none of ours (test 229).
bool Interpreter::Run::is_of_cancelled_child(const value::Event& event) const {
    if (event.name == "done.invoke." + event.invokeid) {
        return false;
    }
    const bool is_running = state_.rare != nullptr &&
                            std::any_of(state_.rare->invokes.begin(), state_.rare->invokes.end(),
                                        [&](const SessionState::RunningInvoke& running) {
                                            return running.invokeid == event.invokeid;
                                        });
    return !is_running &&
           std::any_of(tables_.invokes.begin(), tables_.invokes.end(), [&](const Invoke& invoke) {
               return invoke.id.empty()
                          ? event.invokeid.starts_with(tables_.states[invoke.state].id + ".")
                          : invoke.id == event.invokeid;
           });
}

void Interpreter::Run::cancel() {
    if (data_ != nullptr && state_.rare != nullptr && state_.rare->last_event != nullptr) {
        data_->set_event(*state_.rare->last_event);
    }
    end(EndReason::kCancelled, {});
}

// The rest of the macrostep: eventless transitions, then internal events, then invokes (appendix D,
// mainEventLoop).
void Interpreter::Run::run_to_rest() {
    while (state_.running) {
        if (last_limit_) {
            end(EndReason::kLimit, describe(*last_limit_));
            return;
        }
        if (pending_limit_) {
            react_to_limit();
            continue;
        }
        select(kNoEvent);
        if (scratch_.enabled.empty()) {
            if (scratch_.queue.empty()) {
                if (scratch_.to_invoke.empty()) {
                    return;
                }
                start_invokes();
                continue;
            }
            if (!take_internal_event()) {
                continue;
            }
        }
        const Place place = tables_.transitions[scratch_.enabled.front()].place;
        if (microsteps_ >= limits_.microstep_count_max) {
            hit_limit("max-microstep-count", limits_.microstep_count_max, place,
                      tables_.transitions[scratch_.enabled.front()].source);
            continue;
        }
        ++microsteps_;
        check_stop(place);
        microstep();
    }
    end(EndReason::kFinal, {});
}

// True when it enabled a transition.
bool Interpreter::Run::take_internal_event() {
    const QueuedEvent queued = scratch_.queue.pop();
    const bool is_named = queued.event == nullptr;
    if (is_event_seen() || tables_.keeps_event) {
        value::Event named;
        if (is_named) {
            named.name = tables_.names[queued.name].text;
            named.type = tables_.names[queued.name].type;
        }
        const value::Event& event = is_named ? named : *queued.event;
        if (is_event_seen()) {
            see_event(event);
        }
        if (tables_.keeps_event) {
            rare().last_event = std::make_unique<value::Event>(event);
        }
    }
    select(is_named ? known_.cache.class_of(queued.name)
                    : known_.cache.class_of(queued.event->name));
    return !scratch_.enabled.empty();
}

void Interpreter::Run::see_event(const value::Event& event) {
    if (data_ != nullptr && tables_.uses_event) {
        data_->set_event(event);
    }
    if (observer_ != nullptr) {
        observer_->on_event(event);
    }
}

// exitInterpreter (appendix D). At a limit no more code of the chart runs.
void Interpreter::Run::end(EndReason reason, std::string detail) {
    EndEffect effect;
    effect.reason = reason;
    effect.detail = std::move(detail);
    effect.configuration = state_.active_ids(chart_, false);
    StateIndex top_final = kNone;
    for (const StateIndex state : state_.active()) {
        const StateNode& node = tables_.nodes[state];
        top_final = node.kind == StateKind::kFinal && node.parent == 0 ? state : top_final;
    }
    if (reason == EndReason::kLimit) {
        cancel_all_invokes();
        state_.configuration.clear();
    } else {
        exit_subtree(1, tables_.nodes[0].subtree_end);
    }
    if (reason == EndReason::kFinal && top_final != kNone) {
        effect.donedata = donedata_of(top_final);
    }
    state_.running = false;
    state_.rare.reset();
    scratch_.queue.clear();
    effects_.emplace_back(std::move(effect));
}

SessionState::Rare& Interpreter::Run::rare() {
    if (state_.rare == nullptr) {
        state_.rare = std::make_unique<SessionState::Rare>();
    }
    return *state_.rare;
}

script::Outcome<void> restore_data(Session& session, Surroundings& surroundings,
                                   const Parameters& items) {
    if (session.data == nullptr) {
        return {};
    }
    StopSignal stop(surroundings);
    const SessionHost host(*session.chart, session.state, surroundings, stop);
    session.data->enter(host);
    script::Outcome<void> outcome;
    for (const auto& [name, value] : items) {
        outcome = session.data->restore(name, value);
        if (!outcome) {
            break;
        }
    }
    session.data->leave();
    return outcome;
}

}  // namespace fermata::scxml
