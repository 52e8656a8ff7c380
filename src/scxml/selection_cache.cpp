#include "scxml/selection_cache.h"

#include <algorithm>

namespace fermata::scxml {

SelectionCache::SelectionCache(const ChartTables& tables)
    : tables_(tables), plans_(tables.transitions.size()) {
    for (TransitionIndex index = 0; index < tables.transitions.size(); ++index) {
        const Range descriptors = tables.transitions[index].descriptors;
        for (std::uint32_t at = descriptors.begin; at < descriptors.end; ++at) {
            const auto number = descriptor_numbers_.try_emplace(
                tables.descriptors[at], static_cast<std::uint32_t>(users_.size()));
            if (number.second) {
                users_.emplace_back();
            }
            users_[number.first->second].push_back(index);
        }
    }
    start_anew();
}

void SelectionCache::start_anew() {
    classes_by_descriptors_.clear();
    classes_.clear();
    names_.clear();
    pool_.clear();
    classes_of_names_.assign(tables_.names.size(), kNone);
    // Class 0: the transitions without an event. Initial and history transitions belong to no
    // state's list, so they are never candidates.
    Class eventless;
    eventless.lists.assign(tables_.states.size(), {kNone, kNone});
    eventless.matched.resize(tables_.transitions.size());
    eventless.is_empty = true;
    for (const State& state : tables_.states) {
        for (TransitionIndex at = state.transitions.begin; at < state.transitions.end; ++at) {
            if (tables_.transitions[at].descriptors.empty()) {
                eventless.matched[at] = true;
                eventless.is_empty = false;
            }
        }
    }
    classes_.push_back(std::move(eventless));
}

EventClass SelectionCache::class_of(std::string_view name) {
    const auto known = names_.find(name);
    if (known != names_.end()) {
        return known->second;
    }
    if (names_.size() >= kNamesMax || pool_.size() > kListsMax ||
        classes_.size() * tables_.states.size() > kListsMax) {
        start_anew();
    }
    const EventClass found = classify(name);
    names_.emplace(name, found);
    return found;
}

EventClass SelectionCache::find_class_of(NameIndex name) {
    const EventClass found = class_of(tables_.names[name].text);
    classes_of_names_[name] = found;
    return found;
}

// A descriptor matches when it is a prefix of the name that ends at a dot: look each one up.
EventClass SelectionCache::classify(std::string_view name) {
    std::vector<std::uint32_t> matched;
    const auto look_up = [&](std::string_view descriptor) {
        const auto number = descriptor_numbers_.find(descriptor);
        if (number != descriptor_numbers_.end()) {
            matched.push_back(number->second);
        }
    };
    look_up("*");
    for (std::size_t at = name.find('.'); at != std::string_view::npos;
         at = name.find('.', at + 1)) {
        look_up(name.substr(0, at));
    }
    look_up(name);
    std::sort(matched.begin(), matched.end());
    matched.erase(std::unique(matched.begin(), matched.end()), matched.end());
    const auto [known, is_new] =
        classes_by_descriptors_.try_emplace(matched, static_cast<EventClass>(classes_.size()));
    if (is_new) {
        add_class(matched);
    }
    return known->second;
}

void SelectionCache::add_class(const std::vector<std::uint32_t>& matched_descriptors) {
    Class added;
    added.is_empty = matched_descriptors.empty();
    added.lists.assign(tables_.states.size(), {kNone, kNone});
    added.matched.resize(tables_.transitions.size());
    for (const std::uint32_t descriptor : matched_descriptors) {
        for (const TransitionIndex user : users_[descriptor]) {
            added.matched[user] = true;
        }
    }
    classes_.push_back(std::move(added));
}

void SelectionCache::build_list(EventClass event, StateIndex atomic) {
    Class& of = classes_[event];
    const auto begin = static_cast<std::uint32_t>(pool_.size());
    bool is_closed = false;
    for (StateIndex state = atomic; state != kNone && !is_closed;
         state = tables_.nodes[state].parent) {
        const Range outgoing = tables_.states[state].transitions;
        for (TransitionIndex at = outgoing.begin; at < outgoing.end && !is_closed; ++at) {
            if (of.matched[at]) {
                pool_.push_back(at);
                // Nothing behind one that always holds can ever be taken.
                is_closed = tables_.transitions[at].condition == script::kNoExpression;
            }
        }
    }
    of.lists[atomic] = {begin, static_cast<std::uint32_t>(pool_.size())};
}

void SelectionCache::set_plan(TransitionIndex transition, std::span<const StateIndex> states) {
    if (planned_.size() + states.size() > kPlannedStatesMax) {
        set_dynamic(transition);
        return;
    }
    Plan& plan = plans_[transition];
    plan.states.begin = static_cast<std::uint32_t>(planned_.size());
    planned_.insert(planned_.end(), states.begin(), states.end());
    plan.states.end = static_cast<std::uint32_t>(planned_.size());
    plan.is_known = true;
}

void SelectionCache::set_dynamic(TransitionIndex transition) {
    plans_[transition].is_dynamic = true;
    plans_[transition].is_known = true;
}

}  // namespace fermata::scxml
