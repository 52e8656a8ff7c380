#include "scxml/entry_set.h"

#include <algorithm>
#include <bit>

namespace fermata::scxml {

namespace {

const std::vector<StateIndex>* find_recorded(const EntrySet::Histories* recorded,
                                             StateIndex history) {
    if (recorded == nullptr) {
        return nullptr;
    }
    for (const SessionState::History& entry : *recorded) {
        if (entry.history == history) {
            return &entry.states;
        }
    }
    return nullptr;
}

std::span<const StateIndex> targets_of(const ChartTables& tables, TransitionIndex transition) {
    const Range range = tables.transitions[transition].targets;
    return {tables.targets.data() + range.begin, range.size()};
}

// A history state can only lead to another one of the same document; `depth` ends a circle of them.
void append_effective(const ChartTables& tables, const EntrySet::Histories* recorded,
                      std::span<const StateIndex> from, std::vector<StateIndex>& targets,
                      std::size_t depth) {
    for (const StateIndex target : from) {
        if (!is_history(tables.nodes[target].kind)) {
            targets.push_back(target);
        } else if (const std::vector<StateIndex>* states = find_recorded(recorded, target)) {
            targets.insert(targets.end(), states->begin(), states->end());
        } else if (depth > 0 && tables.states[target].initial != kNone) {
            append_effective(tables, recorded, targets_of(tables, tables.states[target].initial),
                             targets, depth - 1);
        }
    }
}

}  // namespace

EntrySet::EntrySet(const ChartTables& tables, const Histories* recorded)
    : tables_(tables),
      recorded_(recorded),
      entered_(static_cast<StateIndex>(tables.states.size())),
      by_default_(static_cast<StateIndex>(tables.states.size())) {}

void EntrySet::add(TransitionIndex transition) {
    const std::span<const StateIndex> targets = targets_of(tables_, transition);
    if (targets.empty()) {
        return;
    }
    for (const StateIndex target : targets) {
        add_descendants(target);
    }
    const StateIndex ancestor = effective_domain(tables_, recorded_, transition);
    if (tables_.domains[transition] != kDynamicDomain) {
        for (const StateIndex target : targets) {
            add_ancestors(target, ancestor);
        }
        return;
    }
    std::vector<StateIndex> effective;
    append_effective_targets(tables_, recorded_, transition, effective);
    for (const StateIndex target : effective) {
        add_ancestors(target, ancestor);
    }
}

std::vector<StateIndex> EntrySet::states() const {
    std::vector<StateIndex> states;
    for (std::uint32_t word = 0; word < entered_.word_count(); ++word) {
        std::uint64_t bits = entered_.words()[word];
        while (bits != 0) {
            const StateIndex state = word * 64 + static_cast<StateIndex>(std::countr_zero(bits));
            bits &= bits - 1;
            states.push_back(by_default_.contains(state) ? state | kDefaultEntry : state);
        }
    }
    return states;
}

void EntrySet::add_descendants(StateIndex state) {
    const StateKind kind = tables_.nodes[state].kind;
    if (is_history(kind)) {
        add_history(state);
        return;
    }
    entered_.insert(state);
    if (kind == StateKind::kParallel) {
        add_children_of_parallel(state);
    } else if (kind == StateKind::kCompound) {
        const TransitionIndex initial = tables_.states[state].initial;
        if (tables_.transitions[initial].block != kNone) {
            by_default_.insert(state);
        }
        const std::span<const StateIndex> targets = targets_of(tables_, initial);
        for (const StateIndex target : targets) {
            add_descendants(target);
        }
        for (const StateIndex target : targets) {
            add_ancestors(target, state);
        }
    }
}

void EntrySet::add_history(StateIndex history) {
    met_history_ = true;
    const StateIndex parent = tables_.nodes[history].parent;
    if (const std::vector<StateIndex>* states = find_recorded(recorded_, history)) {
        for (const StateIndex state : *states) {
            add_descendants(state);
        }
        for (const StateIndex state : *states) {
            add_ancestors(state, parent);
        }
        return;
    }
    const TransitionIndex initial = tables_.states[history].initial;
    const bool is_known =
        std::any_of(history_content_.begin(), history_content_.end(),
                    [&](const DefaultContent& content) { return content.transition == initial; });
    if (is_known || initial == kNone) {
        return;  // also the end of default transitions that lead in a circle
    }
    history_content_.push_back({parent, initial});
    for (const StateIndex target : targets_of(tables_, initial)) {
        add_descendants(target);
    }
    for (const StateIndex target : targets_of(tables_, initial)) {
        add_ancestors(target, parent);
    }
}

void EntrySet::add_ancestors(StateIndex state, StateIndex ancestor) {
    for (StateIndex at = tables_.nodes[state].parent; at != ancestor && at != kNone && at != 0;
         at = tables_.nodes[at].parent) {
        entered_.insert(at);
        if (tables_.nodes[at].kind == StateKind::kParallel) {
            add_children_of_parallel(at);
        }
    }
}

void EntrySet::add_children_of_parallel(StateIndex parallel) {
    for (StateIndex child = parallel + 1; child < tables_.nodes[parallel].subtree_end;
         child = tables_.nodes[child].subtree_end) {
        if (!is_history(tables_.nodes[child].kind) && !has_descendant_of(child)) {
            add_descendants(child);
        }
    }
}

// Is a proper descendant in the set already?
bool EntrySet::has_descendant_of(StateIndex state) const {
    const StateIndex begin = state + 1;
    const StateIndex end = tables_.nodes[state].subtree_end;
    for (StateIndex at = begin; at < end; at = (at / 64 + 1) * 64) {
        std::uint64_t bits = entered_.words()[at / 64] >> (at % 64) << (at % 64);
        if (end / 64 == at / 64) {
            bits &= (std::uint64_t{1} << (end % 64)) - 1;
        }
        if (bits != 0) {
            return true;
        }
    }
    return false;
}

void append_effective_targets(const ChartTables& tables, const EntrySet::Histories* recorded,
                              TransitionIndex transition, std::vector<StateIndex>& targets) {
    append_effective(tables, recorded, targets_of(tables, transition), targets,
                     tables.history_states.size());
}

StateIndex effective_domain(const ChartTables& tables, const EntrySet::Histories* recorded,
                            TransitionIndex transition) {
    if (tables.domains[transition] != kDynamicDomain) {
        return tables.domains[transition];
    }
    std::vector<StateIndex> targets;
    append_effective_targets(tables, recorded, transition, targets);
    const Transition& of = tables.transitions[transition];
    return transition_domain(tables, of.source, of.internal, targets.data(),
                             targets.data() + targets.size());
}

}  // namespace fermata::scxml
