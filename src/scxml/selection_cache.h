// SelectionCache: what one interpreter has worked out about one chart so far.
//
// Events fall into classes: two names that match the same descriptors of the chart are of one
// class. For a class and an active atomic state the transitions that could be taken, innermost
// first and in document order, form a short list; selection then only evaluates conditions. Both
// are found once, when first needed, since a chart of n states and m names has far more pairs than
// a session ever meets. The states entered by a transition are kept as well, when they do not
// depend on history.
//
// Limits: at most kNamesMax names and about kListsMax lists are remembered; beyond that it starts
// anew. Threads: one owner at a time. The chart must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "scxml/chart_tables.h"

namespace fermata::scxml {

// Index of a set of matched descriptors; 0 is "no event" (eventless transitions).
using EventClass = std::uint32_t;
inline constexpr EventClass kNoEvent = 0;

class SelectionCache {
  public:
    static constexpr std::size_t kNamesMax = 4096;
    static constexpr std::size_t kListsMax = std::size_t{4} << 20U;
    static constexpr std::size_t kPlannedStatesMax = std::size_t{1} << 20U;

    explicit SelectionCache(const ChartTables& tables);

    // Invalidates classes of earlier calls when a limit is reached.
    EventClass class_of(std::string_view name);
    EventClass class_of(NameIndex name) {
        const EventClass known = classes_of_names_[name];
        return known != kNone ? known : find_class_of(name);
    }

    // Transitions to try for an atomic state, the first that holds wins. Valid until the next call.
    [[nodiscard]] std::span<const TransitionIndex> candidates(EventClass event, StateIndex atomic) {
        const Range& list = classes_[event].lists[atomic];
        if (list.begin == kNone) {
            build_list(event, atomic);
        }
        return {pool_.data() + list.begin, list.size()};
    }
    // No transition of the chart can match: nothing need be looked at.
    [[nodiscard]] bool matches_nothing(EventClass event) const { return classes_[event].is_empty; }

    // States entered by a transition taken alone, in entry order with kDefaultEntry marks.
    struct Plan {
        Range states;  // of planned()
        bool is_known = false;
        bool is_dynamic = false;
    };
    [[nodiscard]] const Plan& plan(TransitionIndex transition) const { return plans_[transition]; }
    [[nodiscard]] const StateIndex* planned() const { return planned_.data(); }
    void set_plan(TransitionIndex transition, std::span<const StateIndex> states);
    void set_dynamic(TransitionIndex transition);

  private:
    struct Class {
        std::vector<bool> matched;  // one a transition
        std::vector<Range> lists;   // one a state; begin == kNone: not built yet
        bool is_empty = false;
    };

    EventClass classify(std::string_view name);
    EventClass find_class_of(NameIndex name);
    void build_list(EventClass event, StateIndex atomic);
    void add_class(const std::vector<std::uint32_t>& matched_descriptors);
    void start_anew();

    const ChartTables& tables_;
    TextMap<std::uint32_t> descriptor_numbers_;
    std::vector<std::vector<TransitionIndex>> users_;  // by descriptor number
    std::map<std::vector<std::uint32_t>, EventClass> classes_by_descriptors_;
    std::vector<Class> classes_;
    std::vector<EventClass> classes_of_names_;  // of the chart's own names
    TextMap<EventClass> names_;
    std::vector<TransitionIndex> pool_;
    std::vector<Plan> plans_;
    std::vector<StateIndex> planned_;
};

}  // namespace fermata::scxml
