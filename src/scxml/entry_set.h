// EntrySet: which states a set of transitions enters (SCXML appendix D, computeEntrySet).
//
// Threads: one owner at a time; reused for one microstep after the other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "scxml/chart_tables.h"
#include "scxml/session_state.h"

namespace fermata::scxml {

// Mark on a state in an entry list: run the content of its initial transition after its onentry.
inline constexpr StateIndex kDefaultEntry = StateIndex{1} << 31U;
inline constexpr StateIndex kStateMask = kDefaultEntry - 1;

class EntrySet {
  public:
    using Histories = std::vector<SessionState::History>;

    // `recorded` is the session's history as it is when the states are entered, that is, behind the
    // exits of the same microstep; null for none. It must outlive this object.
    EntrySet(const ChartTables& tables, const Histories* recorded);

    void add(TransitionIndex transition);
    // States in entry order with kDefaultEntry marks.
    [[nodiscard]] std::vector<StateIndex> states() const;

    // Default content of a history state to run when its parent was entered (SCXML 3.10.1).
    struct DefaultContent {
        StateIndex parent = 0;
        TransitionIndex transition = 0;
    };
    [[nodiscard]] const std::vector<DefaultContent>& history_content() const {
        return history_content_;
    }
    // The set depends on more than the transitions.
    [[nodiscard]] bool met_history() const { return met_history_; }

  private:
    void add_descendants(StateIndex state);
    void add_history(StateIndex history);
    void add_ancestors(StateIndex state, StateIndex ancestor);
    void add_children_of_parallel(StateIndex parallel);
    [[nodiscard]] bool has_descendant_of(StateIndex state) const;

    const ChartTables& tables_;
    const Histories* recorded_;
    StateSet entered_;
    StateSet by_default_;
    std::vector<DefaultContent> history_content_;
    bool met_history_ = false;
};

// The targets of a transition with history states replaced by what they stand for now.
void append_effective_targets(const ChartTables& tables, const EntrySet::Histories* recorded,
                              TransitionIndex transition, std::vector<StateIndex>& targets);

// getTransitionDomain for a transition with targets.
StateIndex effective_domain(const ChartTables& tables, const EntrySet::Histories* recorded,
                            TransitionIndex transition);

}  // namespace fermata::scxml
