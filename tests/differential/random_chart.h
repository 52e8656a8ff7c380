// RandomChart: a chart that comes to rest after every event, grown from bytes.
//
// Any bytes make a chart, and fewer or smaller bytes make a smaller one, so that rapidcheck's
// shrinking of the bytes shrinks the chart.
//
// Everything observable is in its logs: each entry, exit and transition logs its name and a
// variable. What could go on for ever (transitions without an event, on "*" or on done events, and
// <raise>) burns one unit of `fuel`, of which there is a fixed amount.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fermata::differential {

struct RandomChart {
    // The log of transition n of state x is "t<x>.<n>".
    struct Transition {
        std::size_t source = 0;
        bool has_target = false;
    };

    std::string scxml;
    std::vector<std::string> events;
    std::vector<std::size_t> parents;  // of state x, whose id is "s<x>"; 0 is <scxml>
    std::vector<Transition> transitions;
};

RandomChart grow_chart(std::span<const std::uint8_t> bytes);

}  // namespace fermata::differential
