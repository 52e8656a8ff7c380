// RunScript: a list of steps that drive one session, with the states that are expected after each.
//
//   [{"expect": ["red"]}, {"event": {"name": "go", "data": 1}, "expect": ["green"]}, {"after": 200,
//   "expect": ["off"]}]
//
// `expect` is the set of active atomic states (final ones included), in any order.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/run_host.h"
#include "base/result.h"
#include "scxml/chart.h"
#include "value/event.h"

namespace fermata::app {

struct ScriptStep {
    std::chrono::milliseconds after{0};
    std::optional<value::Event> event;
    std::optional<std::vector<std::string>> expect;  // sorted
};

using RunScript = std::vector<ScriptStep>;

Result<RunScript> parse_script(const std::string& json);

// The first difference as a text for people, or "" when all steps agree.
Result<std::string> play_script(const RunScript& script, RunHost& host, const scxml::Chart& chart);

}  // namespace fermata::app
