// Which transitions are taken: selectTransitions and removeConflictingTransitions of appendix D.
#include <bit>

#include "scxml/run.h"

namespace fermata::scxml {

// Into scratch_.enabled: the optimal enabled set for an event, in document order of the active
// atomic states that selected its members.
void Interpreter::Run::select(EventClass event) {
    scratch_.enabled.clear();
    if (known_.cache.matches_nothing(event)) {
        return;
    }
    ++known_.selection;
    const std::uint64_t* active = state_.configuration.words();
    for (std::uint32_t word = 0; word < state_.configuration.word_count(); ++word) {
        std::uint64_t bits = active[word] & tables_.atomic_states[word];
        while (bits != 0) {
            consider(event, word * 64 + static_cast<StateIndex>(std::countr_zero(bits)));
            bits &= bits - 1;
        }
    }
    if (scratch_.enabled.size() > 1) {
        remove_conflicts();
    }
}

void Interpreter::Run::consider(EventClass event, StateIndex atomic) {
    for (const TransitionIndex candidate : known_.cache.candidates(event, atomic)) {
        const bool is_open =
            tables_.transitions[candidate].condition == script::kNoExpression || holds(candidate);
        if (!is_open) {
            continue;
        }
        if (known_.seen[candidate] != known_.selection) {
            known_.seen[candidate] = known_.selection;
            scratch_.enabled.push_back(candidate);
        }
        return;
    }
}

// A condition is asked once a selection, though every atomic state below its source would ask it.
bool Interpreter::Run::holds(TransitionIndex candidate) {
    if (known_.seen[candidate] == known_.selection) {
        return true;
    }
    if (known_.rejected[candidate] == known_.selection) {
        return false;
    }
    const Transition& transition = tables_.transitions[candidate];
    const script::Outcome<bool> outcome = data_->condition(transition.condition);
    if (!outcome) {
        // SCXML 5.9.1: counts as false, and the error is told.
        fail(outcome.error(), transition.condition, {"transition", transition.place, {}});
    }
    const bool is_true = outcome && *outcome;
    if (!is_true) {
        known_.rejected[candidate] = known_.selection;
    }
    return is_true;
}

// A transition of a descendant preempts one of its ancestors; otherwise the earlier one wins.
void Interpreter::Run::remove_conflicts() {
    std::vector<TransitionIndex>& kept = scratch_.kept;
    kept.clear();
    std::vector<std::size_t> to_remove;
    for (const TransitionIndex candidate : scratch_.enabled) {
        bool is_preempted = false;
        to_remove.clear();
        const StateIndex source = tables_.transitions[candidate].source;
        for (std::size_t at = 0; at < kept.size() && !is_preempted; ++at) {
            if (!conflicts(candidate, kept[at])) {
                continue;
            }
            if (is_descendant(tables_.nodes.data(), source, tables_.transitions[kept[at]].source)) {
                to_remove.push_back(at);
            } else {
                is_preempted = true;
            }
        }
        if (is_preempted) {
            continue;
        }
        for (std::size_t count = to_remove.size(); count > 0; --count) {
            kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(to_remove[count - 1]));
        }
        kept.push_back(candidate);
    }
    std::swap(scratch_.enabled, kept);
}

// Exit sets intersect when one domain contains the other: the inner one has an active descendant,
// since its transition was selected by one.
bool Interpreter::Run::conflicts(TransitionIndex a, TransitionIndex b) const {
    const StateIndex domain_a = domain_of(a);
    const StateIndex domain_b = domain_of(b);
    if (domain_a == kNone || domain_b == kNone) {
        return false;
    }
    const StateNode* nodes = tables_.nodes.data();
    return domain_a == domain_b || is_descendant(nodes, domain_a, domain_b) ||
           is_descendant(nodes, domain_b, domain_a);
}

StateIndex Interpreter::Run::domain_of(TransitionIndex transition) const {
    const StateIndex domain = tables_.domains[transition];
    if (domain != kDynamicDomain) {
        return domain;
    }
    const EntrySet::Histories* recorded =
        state_.rare == nullptr ? nullptr : &state_.rare->histories;
    return effective_domain(tables_, recorded, transition);
}

}  // namespace fermata::scxml
