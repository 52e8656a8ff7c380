// One microstep: exitStates, executeTransitionContent and enterStates of appendix D.
#include <algorithm>
#include <bit>

#include "scxml/run.h"

namespace fermata::scxml {

void Interpreter::Run::microstep() {
    exit_states();
    for (const TransitionIndex transition : scratch_.enabled) {
        if (observer_ != nullptr) {
            observer_->on_transition(chart_, transition);
        }
        if (tables_.transitions[transition].block != kNone) {
            run_block(tables_.transitions[transition].block);
        }
    }
    enter_states();
}

// The domains of an optimal set are disjoint, so going backwards through them is exit order.
void Interpreter::Run::exit_states() {
    if (scratch_.enabled.size() == 1) {
        const StateIndex domain = domain_of(scratch_.enabled.front());
        if (domain != kNone) {
            exit_subtree(domain + 1, tables_.nodes[domain].subtree_end);
        }
        return;
    }
    std::vector<StateIndex> domains;
    for (const TransitionIndex transition : scratch_.enabled) {
        const StateIndex domain = domain_of(transition);
        if (domain != kNone) {
            domains.push_back(domain);
        }
    }
    std::sort(domains.begin(), domains.end(), std::greater<>());
    // What a handler may ask in the middle (In) is the same for all orders of recording history.
    for (const StateIndex domain : domains) {
        exit_subtree(domain + 1, tables_.nodes[domain].subtree_end);
    }
}

namespace {

// Bits of [begin, end) that fall into `word`.
std::uint64_t word_mask(std::uint32_t word, StateIndex begin, StateIndex end) {
    std::uint64_t mask = ~std::uint64_t{0};
    if (begin > word * 64) {
        mask = begin - word * 64 >= 64 ? 0 : mask << (begin - word * 64);
    }
    if (end < word * 64 + 64) {
        mask &= end <= word * 64 ? 0 : (std::uint64_t{1} << (end - word * 64)) - 1;
    }
    return mask;
}

void erase_range(StateSet& set, StateIndex begin, StateIndex end) {
    if (begin >= end) {
        return;
    }
    for (std::uint32_t word = begin / 64; word <= (end - 1) / 64; ++word) {
        set.words()[word] &= ~word_mask(word, begin, end);
    }
}

}  // namespace

// Leaves the active states of [begin, end) in exit order. Only those with something to do are
// visited; the others go with the first of them that stands before, so In() is right in every
// handler.
void Interpreter::Run::exit_subtree(StateIndex begin, StateIndex end) {
    if (begin >= end) {
        return;
    }
    record_histories(begin, end);
    if (!scratch_.to_invoke.empty()) {
        std::erase_if(scratch_.to_invoke,
                      [&](StateIndex state) { return state >= begin && state < end; });
    }
    const std::uint32_t first_word = begin / 64;
    for (std::uint32_t word = (end - 1) / 64 + 1; word > first_word; --word) {
        std::uint64_t bits =
            state_.configuration.words()[word - 1] & word_mask(word - 1, begin, end);
        if (observer_ == nullptr) {
            bits &= tables_.exit_work_states[word - 1];
        }
        while (bits != 0) {
            const auto bit = 63U - static_cast<std::uint32_t>(std::countl_zero(bits));
            bits &= ~(std::uint64_t{1} << bit);
            const StateIndex state = (word - 1) * 64 + bit;
            erase_range(state_.configuration, state + 1, end);
            exit_state(state);
        }
    }
    erase_range(state_.configuration, begin, end);
}

void Interpreter::Run::exit_state(StateIndex index) {
    const State& state = tables_.states[index];
    run_blocks(state.onexit);
    if (!state.invokes.empty()) {
        cancel_invokes(index);
    }
    state_.configuration.erase(index);
    if (observer_ != nullptr) {
        observer_->on_exited(chart_, index);
    }
}

void Interpreter::Run::record_histories(StateIndex begin, StateIndex end) {
    if (tables_.history_states.empty()) {
        return;
    }
    for (std::uint32_t word = begin / 64; word <= (end - 1) / 64; ++word) {
        std::uint64_t bits = state_.configuration.words()[word] & tables_.history_parents[word] &
                             word_mask(word, begin, end);
        while (bits != 0) {
            const Range histories =
                tables_.states[word * 64 + static_cast<StateIndex>(std::countr_zero(bits))]
                    .histories;
            bits &= bits - 1;
            for (std::uint32_t at = histories.begin; at < histories.end; ++at) {
                record_history(tables_.history_states[at]);
            }
        }
    }
}

void Interpreter::Run::record_history(StateIndex history) {
    SessionState::History record;
    record.history = history;
    const StateIndex parent = tables_.nodes[history].parent;
    const bool is_deep = tables_.nodes[history].kind == StateKind::kDeepHistory;
    for (StateIndex state = parent + 1; state < tables_.nodes[parent].subtree_end; ++state) {
        const StateNode& node = tables_.nodes[state];
        const bool is_atomic = node.kind == StateKind::kAtomic || node.kind == StateKind::kFinal;
        if (state_.configuration.contains(state) && (is_deep ? is_atomic : node.parent == parent)) {
            record.states.push_back(state);
        }
    }
    std::vector<SessionState::History>& histories = rare().histories;
    const auto known = std::find_if(histories.begin(), histories.end(),
                                    [&](const auto& entry) { return entry.history == history; });
    if (known == histories.end()) {
        histories.push_back(std::move(record));
    } else {
        *known = std::move(record);
    }
}

void Interpreter::Run::enter_states() {
    const bool is_single = scratch_.enabled.size() == 1;
    if (is_single) {
        const TransitionIndex transition = scratch_.enabled.front();
        if (tables_.transitions[transition].targets.empty()) {
            return;
        }
        const SelectionCache::Plan& plan = known_.cache.plan(transition);
        if (plan.is_known && !plan.is_dynamic) {
            enter_list({known_.cache.planned() + plan.states.begin, plan.states.size()}, {});
            return;
        }
    }
    EntrySet entered(tables_, state_.rare == nullptr ? nullptr : &state_.rare->histories);
    for (const TransitionIndex transition : scratch_.enabled) {
        entered.add(transition);
    }
    const std::vector<StateIndex> states = entered.states();
    if (is_single && !known_.cache.plan(scratch_.enabled.front()).is_known) {
        if (entered.met_history()) {
            known_.cache.set_dynamic(scratch_.enabled.front());
        } else {
            known_.cache.set_plan(scratch_.enabled.front(), states);
        }
    }
    enter_list(states, entered.history_content());
}

void Interpreter::Run::enter_list(std::span<const StateIndex> states,
                                  const std::vector<EntrySet::DefaultContent>& history_content) {
    for (const StateIndex item : states) {
        const StateIndex state = item & kStateMask;
        state_.configuration.insert(state);
        count_entry(state);
        if (item != state || tables_.nodes[state].has_entry_work || observer_ != nullptr ||
            !history_content.empty()) {
            enter_state(state, item != state, history_content);
        }
    }
}

// SCXML appendix D: data (late binding), onentry, the content of the initial transition, that of a
// history's default transition, and then what a final state tells.
void Interpreter::Run::enter_state(StateIndex index, bool by_default,
                                   const std::vector<EntrySet::DefaultContent>& history_content) {
    const State& state = tables_.states[index];
    if (observer_ != nullptr) {
        observer_->on_entered(chart_, index);
    }
    if (!state.invokes.empty()) {
        scratch_.to_invoke.push_back(index);
    }
    if (tables_.late_binding && !state.data.empty()) {
        initialise_late(index);
    }
    run_blocks(state.onentry);
    if (by_default && tables_.transitions[state.initial].block != kNone) {
        run_block(tables_.transitions[state.initial].block);
    }
    for (const EntrySet::DefaultContent& content : history_content) {
        const BlockIndex block = tables_.transitions[content.transition].block;
        if (content.parent == index && block != kNone) {
            run_block(block);
        }
    }
    if (state.kind == StateKind::kFinal) {
        reach_final(index);
    }
}

void Interpreter::Run::count_entry(StateIndex state) {
    ChartScratch::Counter& counter = known_.entries[state];
    if (counter.mark != known_.macrostep) {
        counter = {known_.macrostep, 0};
    }
    if (++counter.count > limits_.state_entry_count_max) {
        hit_limit("max-state-entry-count", limits_.state_entry_count_max,
                  tables_.states[state].place, state);
    }
}

// Besides the parent's done event: each enclosing <parallel> whose children are all final now is
// itself final (SCXML 3.4), so its own parallel parent may be, and so on upwards.
void Interpreter::Run::reach_final(StateIndex final_state) {
    const StateIndex parent = tables_.nodes[final_state].parent;
    if (parent == 0) {
        state_.running = false;
        return;
    }
    raise_done(parent, donedata_of(final_state));
    StateIndex done = parent;
    for (StateIndex outer = tables_.nodes[done].parent;
         outer != kNone && tables_.nodes[outer].kind == StateKind::kParallel &&
         is_in_final_state(outer);
         outer = tables_.nodes[outer].parent) {
        raise_done(outer, value::Value());
    }
}

bool Interpreter::Run::is_in_final_state(StateIndex state) const {
    const StateNode& node = tables_.nodes[state];
    if (node.kind != StateKind::kCompound && node.kind != StateKind::kParallel) {
        return false;
    }
    const bool needs_all = node.kind == StateKind::kParallel;
    for (StateIndex child = state + 1; child < node.subtree_end;
         child = tables_.nodes[child].subtree_end) {
        const StateKind kind = tables_.nodes[child].kind;
        if (is_history(kind)) {
            continue;
        }
        const bool is_done =
            needs_all ? is_in_final_state(child)
                      : kind == StateKind::kFinal && state_.configuration.contains(child);
        if (is_done != needs_all) {
            return is_done;
        }
    }
    return needs_all;
}

void Interpreter::Run::raise_done(StateIndex state, value::Value data) {
    const NameIndex name = tables_.done_names[state];
    if (data.is_undefined()) {
        raise(name, tables_.states[state].place);
        return;
    }
    value::Event event;
    event.name = tables_.names[name].text;
    event.type = tables_.names[name].type;
    event.data = std::move(data);
    raise(std::move(event), tables_.states[state].place);
}

}  // namespace fermata::scxml
