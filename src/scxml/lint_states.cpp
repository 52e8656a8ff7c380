// Which states a chart can be in, and which transitions it can take.
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "scxml/event_name.h"
#include "scxml/lint.h"
#include "scxml/rule_ids.h"

namespace fermata::scxml {

namespace {

bool is_history(const State& state) {
    return state.kind == StateKind::kShallowHistory || state.kind == StateKind::kDeepHistory;
}

value::XmlPlace xml_place(const Place& place) {
    return {place.line, place.column, place.source};
}

// Finds the states that can ever be entered. It believes every condition, so what it does not reach
// is out of reach for certain.
class Reach {
  public:
    explicit Reach(const Chart& chart) : chart_(chart), reached_(chart.states().size()) {
        mark(0);
        enter_by_transition(chart_.states()[0].initial);
        while (!open_.empty()) {
            const StateIndex state = open_.back();
            open_.pop_back();
            if (is_history(chart_.states()[state])) {
                enter_by_transition(chart_.states()[state].initial);
                continue;
            }
            const Range range = chart_.states()[state].transitions;
            for (TransitionIndex index = range.begin; index < range.end; ++index) {
                enter_by_transition(index);
            }
        }
    }

    [[nodiscard]] bool reached(StateIndex state) const { return reached_[state]; }

  private:
    void mark(StateIndex state) {
        if (!reached_[state]) {
            reached_[state] = true;
            open_.push_back(state);
        }
    }

    void enter_by_transition(TransitionIndex index) {
        if (index == kNone) {
            return;
        }
        for (const StateIndex target : chart_.targets(chart_.transitions()[index])) {
            enter(target);
        }
    }

    // Recursion is bounded by the chart's depth, which max-xml-depth bounds.
    void enter(StateIndex target) {
        enter_ancestors(target);
        if (!defaulted_.insert(target).second) {
            return;
        }
        const State& state = chart_.states()[target];
        mark(target);
        if (state.kind == StateKind::kParallel) {
            enter_regions(target, kNone);
        } else if (state.kind == StateKind::kCompound) {
            enter_by_transition(state.initial);
        }
    }

    void enter_ancestors(StateIndex target) {
        StateIndex below = target;
        StateIndex at = chart_.states()[target].parent;
        while (at != kNone) {
            mark(at);
            const bool is_parallel = chart_.states()[at].kind == StateKind::kParallel;
            if (is_parallel && through_.emplace(at, below).second) {
                enter_regions(at, below);
            }
            below = at;
            at = chart_.states()[at].parent;
        }
    }

    void enter_regions(StateIndex parallel, StateIndex except) {
        const StateIndex end = chart_.states()[parallel].subtree_end;
        for (StateIndex child = parallel + 1; child < end;
             child = chart_.states()[child].subtree_end) {
            if (child != except && !is_history(chart_.states()[child])) {
                enter(child);
            }
        }
    }

    const Chart& chart_;
    std::vector<bool> reached_;
    std::set<StateIndex> defaulted_;
    // Parallel states, and by which of their regions they were entered.
    std::set<std::pair<StateIndex, StateIndex>> through_;
    std::vector<StateIndex> open_;
};

// Does the one match every event that the other matches?
bool covers(std::string_view one, std::string_view other) {
    return descriptor_matches(normalised_descriptor(one), normalised_descriptor(other));
}

bool covers_all(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
    if (wide.empty() || narrow.empty()) {
        return wide.empty() && narrow.empty();
    }
    for (const std::string& descriptor : narrow) {
        bool is_covered = false;
        for (const std::string& candidate : wide) {
            is_covered = is_covered || covers(candidate, descriptor);
        }
        if (!is_covered) {
            return false;
        }
    }
    return true;
}

class StatesLint {
  public:
    StatesLint(const Chart& chart, FindingWriter& writer)
        : chart_(chart), writer_(writer), reach_(chart) {}

    void check() {
        find_history_targets();
        for (StateIndex index = 1; index < chart_.states().size(); ++index) {
            check_state(index);
        }
        check_loops();
    }

  private:
    void find_history_targets() {
        for (const Transition& transition : chart_.transitions()) {
            for (const StateIndex target : chart_.targets(transition)) {
                targeted_.insert(target);
            }
        }
    }

    void check_state(StateIndex index) {
        const State& state = chart_.states()[index];
        if (is_history(state)) {
            check_history(index, state);
            return;
        }
        // What is inside an unreachable state needs no second word.
        if (!reach_.reached(index) && reach_.reached(state.parent)) {
            writer_.warning(xml_place(state.place), rule::kUnreachableState,
                            fmt::format("state {} can never be entered", state.id),
                            "give a transition this target, or remove the state");
        }
        if (state.kind == StateKind::kParallel && region_count(index) < 2) {
            writer_.warning(xml_place(state.place), rule::kLonelyParallel,
                            fmt::format("<parallel> {} has fewer than two regions", state.id),
                            "use <state>");
        }
        check_shadows(state);
    }

    void check_history(StateIndex index, const State& state) {
        if (targeted_.count(index) == 0) {
            writer_.warning(xml_place(state.place), rule::kUnusedHistory,
                            fmt::format("no transition leads to <history> {}", state.id),
                            "make it the target of the transition that should come back");
        }
    }

    std::uint32_t region_count(StateIndex parallel) const {
        std::uint32_t count = 0;
        const StateIndex end = chart_.states()[parallel].subtree_end;
        for (StateIndex child = parallel + 1; child < end;
             child = chart_.states()[child].subtree_end) {
            count += is_history(chart_.states()[child]) ? 0 : 1;
        }
        return count;
    }

    // SCXML 3.13: the first transition in document order that matches is taken.
    void check_shadows(const State& state) {
        std::vector<TransitionIndex> unconditional;
        for (TransitionIndex index = state.transitions.begin; index < state.transitions.end;
             ++index) {
            const Transition& transition = chart_.transitions()[index];
            const std::vector<std::string> events = chart_.events(transition);
            for (const TransitionIndex earlier : unconditional) {
                const Transition& first = chart_.transitions()[earlier];
                if (covers_all(chart_.events(first), events)) {
                    writer_.warning(
                        xml_place(transition.place), rule::kShadowedTransition,
                        fmt::format("never taken: the transition in line {} comes first",
                                    first.place.line),
                        "move it up, or give the earlier one a cond");
                    break;
                }
            }
            if (transition.condition == script::kNoExpression &&
                unconditional.size() < kShadowsMax) {
                unconditional.push_back(index);
            }
        }
    }

    void check_loops() {
        for (StateIndex start = 1; start < chart_.states().size(); ++start) {
            const TransitionIndex first = certain_transition(start);
            if (!reach_.reached(start) || first == kNone || looped_.count(start) != 0) {
                continue;
            }
            if (returns_to(start)) {
                const Transition& transition = chart_.transitions()[first];
                writer_.warning(xml_place(transition.place), rule::kEndlessLoop,
                                fmt::format("from {} on, transitions without event and cond follow "
                                            "each other without end",
                                            chart_.states()[start].id),
                                "give one of them an event, or a cond that ends the loop");
            }
        }
    }

    // Follows the transitions that are certain to be taken. Every state of the cycle is noted, so
    // that one cycle gets one finding.
    bool returns_to(StateIndex start) {
        std::set<StateIndex> seen;
        StateIndex at = start;
        while (at != kNone && seen.insert(at).second) {
            if (looped_.count(at) != 0) {
                return false;
            }
            const TransitionIndex index = certain_transition(at);
            if (index == kNone) {
                return false;
            }
            const auto targets = chart_.targets(chart_.transitions()[index]);
            at = targets.empty() ? at : resting_state(targets);
        }
        if (at == start) {
            looped_.insert(seen.begin(), seen.end());
        }
        return at == start;
    }

    // The atomic state that entering these targets ends in; kNone when that is not one for certain.
    StateIndex resting_state(std::span<const StateIndex> targets) const {
        std::size_t steps = 0;
        while (targets.size() == 1 && ++steps <= chart_.states().size()) {
            const State& state = chart_.states()[targets.front()];
            if (state.kind == StateKind::kAtomic) {
                return targets.front();
            }
            if (state.kind != StateKind::kCompound || state.initial == kNone) {
                return kNone;
            }
            targets = chart_.targets(chart_.transitions()[state.initial]);
        }
        return kNone;
    }

    // The eventless transition that an atomic state takes at once, whatever happens. Not inside
    // <parallel>, where another region may end the matter.
    TransitionIndex certain_transition(StateIndex index) const {
        const State& state = chart_.states()[index];
        if (state.kind != StateKind::kAtomic) {
            return kNone;
        }
        for (StateIndex at = state.parent; at != kNone; at = chart_.states()[at].parent) {
            if (chart_.states()[at].kind == StateKind::kParallel) {
                return kNone;
            }
        }
        for (TransitionIndex at = state.transitions.begin; at < state.transitions.end; ++at) {
            const Transition& transition = chart_.transitions()[at];
            if (transition.descriptors.empty()) {
                return transition.condition == script::kNoExpression ? at : kNone;
            }
        }
        return kNone;
    }

    // Of one state's unconditional transitions, so many are compared with those behind them.
    static constexpr std::size_t kShadowsMax = 64;

    const Chart& chart_;
    FindingWriter& writer_;
    Reach reach_;
    std::set<StateIndex> targeted_;
    std::set<StateIndex> looped_;
};

}  // namespace

void lint_states(const Chart& chart, FindingWriter& writer) {
    StatesLint(chart, writer).check();
}

}  // namespace fermata::scxml
