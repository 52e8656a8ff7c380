#include "app/run_script.h"

#include <algorithm>
#include <thread>

#include <boost/json.hpp>

namespace fermata::app {

namespace {

namespace json = boost::json;

// A session is at rest when nothing waits for it and it did not commit during this many looks.
constexpr int kQuietLooks = 3;
constexpr std::chrono::milliseconds kLookPause{5};
// How long a session may take to come to rest, and how long a wrong answer may become right: events
// that travel between sessions or through HTTP take a moment.
constexpr std::chrono::seconds kRestMax{10};
constexpr std::chrono::milliseconds kGrace{500};

Error wrong(std::size_t step, const std::string& what) {
    return {ErrorCode::kInvalidArgument, "step " + std::to_string(step + 1) + ": " + what};
}

Result<value::Event> parse_event(const json::value& json, std::size_t step) {
    const json::object* object = json.if_object();
    const json::value* name = object == nullptr ? nullptr : object->if_contains("name");
    if (name == nullptr || !name->is_string()) {
        return wrong(step, "'event' must be an object with a 'name'");
    }
    value::Event event;
    event.name = std::string(name->get_string());
    if (const json::value* data = object->if_contains("data"); data != nullptr) {
        FERMATA_TRY_ASSIGN(event.data, value::Value::from_json(json::serialize(*data)));
    }
    return event;
}

Result<std::vector<std::string>> parse_expect(const json::value& json, std::size_t step) {
    const json::array* array = json.if_array();
    if (array == nullptr) {
        return wrong(step, "'expect' must be an array of state ids");
    }
    std::vector<std::string> states;
    for (const json::value& id : *array) {
        if (!id.is_string()) {
            return wrong(step, "'expect' must be an array of state ids");
        }
        states.emplace_back(id.get_string());
    }
    std::sort(states.begin(), states.end());
    return states;
}

Result<ScriptStep> parse_step(const json::value& json, std::size_t number) {
    const json::object* object = json.if_object();
    if (object == nullptr) {
        return wrong(number, "must be an object");
    }
    ScriptStep step;
    for (const json::key_value_pair& member : *object) {
        if (member.key() == "event") {
            FERMATA_TRY_ASSIGN(step.event, parse_event(member.value(), number));
        } else if (member.key() == "expect") {
            FERMATA_TRY_ASSIGN(step.expect, parse_expect(member.value(), number));
        } else if (member.key() == "after" && member.value().is_int64() &&
                   member.value().get_int64() >= 0) {
            step.after = std::chrono::milliseconds(member.value().get_int64());
        } else {
            return wrong(number, "'" + std::string(member.key()) +
                                     "' is unknown, or no number of milliseconds");
        }
    }
    return step;
}

std::vector<std::string> atomic_states(const engine::SessionView& view, const scxml::Chart& chart) {
    std::vector<std::string> states;
    for (const std::string& id : view.configuration) {
        const scxml::StateIndex index = chart.find_state(id);
        const bool atomic = index == scxml::kNone ||
                            chart.states()[index].kind == scxml::StateKind::kAtomic ||
                            chart.states()[index].kind == scxml::StateKind::kFinal;
        if (atomic) {
            states.push_back(id);
        }
    }
    std::sort(states.begin(), states.end());
    return states;
}

// The session once it is at rest.
Result<engine::SessionView> view_at_rest(RunHost& host) {
    const auto deadline = std::chrono::steady_clock::now() + kRestMax;
    std::uint64_t last_seq = 0;
    for (int quiet = 0; quiet < kQuietLooks && std::chrono::steady_clock::now() < deadline;) {
        FERMATA_TRY_ASSIGN(engine::SessionView view, host.query());
        if (view.summary.ended_ms != 0) {
            return view;
        }
        quiet = view.pending.empty() && view.summary.seq == last_seq ? quiet + 1 : 0;
        last_seq = view.summary.seq;
        std::this_thread::sleep_for(kLookPause);
    }
    return host.query();
}

std::string join(const std::vector<std::string>& states) {
    std::string text;
    for (const std::string& state : states) {
        text += (text.empty() ? "" : ", ") + state;
    }
    return "[" + text + "]";
}

// What is there instead of `expected`, or nothing when it agrees.
Result<std::optional<std::vector<std::string>>> difference(const std::vector<std::string>& expected,
                                                           RunHost& host,
                                                           const scxml::Chart& chart) {
    const auto deadline = std::chrono::steady_clock::now() + kGrace;
    while (true) {
        FERMATA_TRY_ASSIGN(const engine::SessionView view, view_at_rest(host));
        std::vector<std::string> states = atomic_states(view, chart);
        if (states == expected) {
            return std::optional<std::vector<std::string>>();
        }
        if (std::chrono::steady_clock::now() > deadline) {
            return std::optional(std::move(states));
        }
    }
}

}  // namespace

Result<RunScript> parse_script(const std::string& text) {
    boost::system::error_code problem;
    const json::value document = json::parse(text, problem);
    if (problem || !document.is_array()) {
        return Error(ErrorCode::kInvalidArgument,
                     "a script must be a JSON array of steps" +
                         (problem ? ": " + problem.message() : std::string()));
    }
    RunScript script;
    for (const json::value& item : document.get_array()) {
        FERMATA_TRY_ASSIGN(ScriptStep step, parse_step(item, script.size()));
        script.push_back(std::move(step));
    }
    return script;
}

Result<std::string> play_script(const RunScript& script, RunHost& host, const scxml::Chart& chart) {
    for (std::size_t number = 0; number < script.size(); ++number) {
        const ScriptStep& step = script[number];
        if (step.after.count() > 0) {
            std::this_thread::sleep_for(step.after);
        }
        if (step.event) {
            const Result<engine::EventAnswer> sent = host.send(*step.event);
            if (!sent) {
                return "step " + std::to_string(number + 1) + ": event " + step.event->name + ": " +
                       sent.error().message();
            }
        }
        if (!step.expect) {
            continue;
        }
        FERMATA_TRY_ASSIGN(const auto actual, difference(*step.expect, host, chart));
        if (actual) {
            return "step " + std::to_string(number + 1) + ": expected " + join(*step.expect) +
                   ", but active is " + join(*actual);
        }
    }
    return std::string();
}

}  // namespace fermata::app
