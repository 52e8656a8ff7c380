// Errors of charts as events (SCXML 5.9, 3.12.2), and the limits of a macrostep.
#include "scxml/run.h"

namespace fermata::scxml {

void Interpreter::Run::fail(const script::Failure& failure, script::ExpressionId expression,
                            const Origin& origin) {
    Place place = origin.place;
    if (expression != script::kNoExpression) {
        const script::Expression& text = tables_.program->expressions[expression];
        place = {text.line, text.column, text.source};
    }
    switch (failure.kind) {
        case script::FailureKind::kTimeout:
            hit_limit("process-event-timeout",
                      static_cast<std::uint64_t>(limits_.process_event_timeout.count()), place,
                      kNone);
            return;
        case script::FailureKind::kMemory:
            hit_limit("script-memory", limits_.script_memory_max, place, kNone);
            return;
        case script::FailureKind::kExecution:
            break;
    }
    raise_error("error.execution", failure.message, {origin.element, place, origin.sendid},
                &failure);
}

void Interpreter::Run::fail(std::string_view message, const Origin& origin) {
    raise_error("error.execution", message, origin);
}

bool Interpreter::Run::has_room_for_effect(const Origin& origin) {
    if (effects_.size() < limits_.effects_per_run_max) {
        return true;
    }
    fail("max-effects-per-run (" + std::to_string(limits_.effects_per_run_max) + ")", origin);
    return false;
}

void Interpreter::Run::raise_error(std::string name, std::string_view message, const Origin& origin,
                                   const script::Failure* failure) {
    std::vector<std::pair<std::string, value::Value>> data = {
        {"message", value::Value::string(message)},
        {"element", value::Value::string(origin.element)},
        {"document", value::Value::string(document_of(origin.place))},
        {"line", value::Value::integer(origin.place.line)},
        {"column", value::Value::integer(origin.place.column)},
    };
    if (failure != nullptr && (failure->line != 0 || failure->column != 0)) {
        data.emplace_back("expressionLine", value::Value::integer(failure->line));
        data.emplace_back("expressionColumn", value::Value::integer(failure->column));
    }
    value::Event event;
    event.name = std::move(name);
    event.type = value::EventType::kPlatform;
    event.sendid = origin.sendid;
    event.data = value::Value::object(data);
    raise(std::move(event), origin.place);
}

// The first hit of a macrostep gives the chart a chance to react, the second ends the session.
void Interpreter::Run::hit_limit(const char* name, std::uint64_t value, Place place,
                                 StateIndex state) {
    if (is_limit_spent_) {
        if (!last_limit_) {
            last_limit_ = LimitHit{name, value, place, state};
        }
        return;
    }
    is_limit_spent_ = true;
    pending_limit_ = LimitHit{name, value, place, state};
    microsteps_ = 0;
    ++known_.macrostep;  // entries are counted anew
    stop_.begin_grace();
}

// The event goes ahead of everything: behind eventless transitions that never end it would not be
// seen.
void Interpreter::Run::react_to_limit() {
    const LimitHit hit = *pending_limit_;
    pending_limit_.reset();
    scratch_.queue.clear();
    value::Event event;
    event.name = "error.platform.limit";
    event.type = value::EventType::kPlatform;
    std::vector<std::pair<std::string, value::Value>> data = {
        {"limit", value::Value::string(hit.name)},
        {"value", value::Value::integer(static_cast<std::int64_t>(hit.value))},
        {"document", value::Value::string(document_of(hit.place))},
        {"line", value::Value::integer(hit.place.line)},
    };
    if (hit.state != kNone) {
        data.emplace_back("state", value::Value::string(tables_.states[hit.state].id));
    }
    event.data = value::Value::object(data);
    scratch_.queue.push(std::move(event));
    if (take_internal_event()) {
        ++microsteps_;
        microstep();
    }
}

std::string Interpreter::Run::describe(const LimitHit& hit) const {
    const std::string& url = document_of(hit.place);
    const std::size_t slash = url.rfind('/');
    return std::string(hit.name) + " (" + std::to_string(hit.value) + ") at " +
           (slash == std::string::npos ? url : url.substr(slash + 1)) + ":" +
           std::to_string(hit.place.line);
}

const std::string& Interpreter::Run::document_of(Place place) const {
    const std::vector<std::string>& sources = tables_.program->sources;
    return place.source < sources.size() ? sources[place.source] : tables_.url;
}

void Interpreter::Run::check_stop(Place place) {
    if (--stop_countdown_ > 0) {
        return;
    }
    stop_countdown_ = kStopInterval;
    if (stop_.is_set()) {
        hit_limit("process-event-timeout",
                  static_cast<std::uint64_t>(limits_.process_event_timeout.count()), place, kNone);
    }
}

}  // namespace fermata::scxml
