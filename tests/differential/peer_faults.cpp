#include "differential/peer_faults.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>
#include <vector>

namespace fermata::differential {

namespace {

// One log: "t3.7=12" is the transition 7 of state 3, with the value 12.
struct Log {
    std::string name;
    std::string text;
};

std::vector<Log> logs_of(const std::string& line) {
    std::vector<Log> logs;
    const std::size_t bar = line.find('|');
    std::istringstream words(bar == std::string::npos ? std::string() : line.substr(bar + 1));
    for (std::string word; words >> word;) {
        logs.push_back({word.substr(0, word.find('=')), word});
    }
    return logs;
}

// Where the two traces part: the logs of that step, and the first log that differs.
struct Parting {
    std::vector<Log> ours;
    std::vector<Log> theirs;
    std::size_t at = 0;
};

Parting part(const Trace& ours, const Trace& theirs) {
    Parting parting;
    std::size_t step = 0;
    while (step < ours.size() && step < theirs.size() && ours[step] == theirs[step]) {
        ++step;
    }
    if (step == ours.size() || step == theirs.size()) {
        return parting;
    }
    parting.ours = logs_of(ours[step]);
    parting.theirs = logs_of(theirs[step]);
    const std::size_t common = std::min(parting.ours.size(), parting.theirs.size());
    while (parting.at < common &&
           parting.ours[parting.at].text == parting.theirs[parting.at].text) {
        ++parting.at;
    }
    return parting;
}

std::size_t transition_of(const Log& log) {
    std::size_t index = 0;
    const std::size_t dot = log.name.find('.');
    std::from_chars(log.name.data() + dot + 1, log.name.data() + log.name.size(), index);
    return index;
}

std::size_t depth_of(const RandomChart& chart, std::size_t state) {
    std::size_t depth = 0;
    for (; state != 0; state = chart.parents[state]) {
        ++depth;
    }
    return depth;
}

bool is_ancestor(const RandomChart& chart, std::size_t outer, std::size_t state) {
    while (state != 0 && state != outer) {
        state = chart.parents[state];
    }
    return state == outer;
}

// The transitions of the microstep in which the traces part: those logged next, behind any exits.
std::vector<std::size_t> next_transitions(const std::vector<Log>& logs, std::size_t at) {
    // The parting may be in the middle of them.
    while (at > 0 && at <= logs.size() && logs[at - 1].name.front() == 't') {
        --at;
    }
    while (at < logs.size() && logs[at].name.front() == '-') {
        ++at;
    }
    std::vector<std::size_t> transitions;
    for (; at < logs.size() && logs[at].name.front() == 't'; ++at) {
        transitions.push_back(transition_of(logs[at]));
    }
    return transitions;
}

// Does the peer take the deeper one first, where the order of the atomic states says otherwise?
bool is_deeper(const RandomChart& chart, std::size_t peers, std::size_t ours) {
    return depth_of(chart, chart.transitions[peers].source) >
           depth_of(chart, chart.transitions[ours].source);
}

// SCXML appendix D, selectTransitions and executeTransitionContent: the transitions of one
// microstep come in the order of the atomic states that selected them. The peer sorts them by the
// depth of their source states, deepest first; so it executes them in another order …
bool is_executed_by_depth(const RandomChart& chart, const Parting& parting) {
    if (parting.at >= parting.ours.size() || parting.at >= parting.theirs.size()) {
        return false;
    }
    const Log& our = parting.ours[parting.at];
    const Log& their = parting.theirs[parting.at];
    const bool are_transitions = our.name.front() == 't' && their.name.front() == 't';
    if (!are_transitions || !is_deeper(chart, transition_of(their), transition_of(our))) {
        return false;
    }
    const auto goes_on_with = [&](const std::vector<Log>& logs, const std::string& name) {
        for (std::size_t at = parting.at; at < logs.size() && logs[at].name.front() == 't'; ++at) {
            if (logs[at].name == name) {
                return true;
            }
        }
        return false;
    };
    return goes_on_with(parting.ours, their.name) && goes_on_with(parting.theirs, our.name);
}

// … and of two that exclude each other, neither source inside the other, it takes the deeper one
// and not the first.
bool is_preempted_by_depth(const RandomChart& chart, const Parting& parting) {
    const std::vector<std::size_t> ours = next_transitions(parting.ours, parting.at);
    const std::vector<std::size_t> theirs = next_transitions(parting.theirs, parting.at);
    for (const std::size_t our : ours) {
        for (const std::size_t their : theirs) {
            const RandomChart::Transition& mine = chart.transitions[our];
            const RandomChart::Transition& other = chart.transitions[their];
            const bool exclude = mine.has_target && other.has_target &&
                                 !is_ancestor(chart, mine.source, other.source) &&
                                 !is_ancestor(chart, other.source, mine.source);
            const bool is_only_ours = std::find(theirs.begin(), theirs.end(), our) == theirs.end();
            const bool is_only_theirs = std::find(ours.begin(), ours.end(), their) == ours.end();
            if (exclude && is_only_ours && is_only_theirs && is_deeper(chart, their, our)) {
                return true;
            }
        }
    }
    return false;
}

}  // namespace

std::string explain(const RandomChart& chart, const Trace& ours, const Trace& theirs) {
    const Parting parting = part(ours, theirs);
    if (is_executed_by_depth(chart, parting)) {
        return "executed-by-depth";
    }
    if (is_preempted_by_depth(chart, parting)) {
        return "preempted-by-depth";
    }
    return {};
}

}  // namespace fermata::differential
