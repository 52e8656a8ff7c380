// <send> (SCXML 6.2), the event processors' targets (C.1, C.2), and data for messages (5.5 to 5.7).
#include <algorithm>

#include "scxml/delay.h"
#include "scxml/run.h"

namespace fermata::scxml {

namespace {

constexpr std::string_view kInternalTarget = "#_internal";

bool is_scxml_type(std::string_view type) {
    return type.empty() || type == kScxmlProcessor || type == "scxml" || type == kScxmlInvoke ||
           type == kScxmlInvoke.substr(0, kScxmlInvoke.size() - 1);
}

bool is_http_type(std::string_view type) {
    return type == kBasicHttpProcessor || type == "basichttp";
}

// The last of several values of one name wins, in the place of the first.
value::Value object_of(const std::vector<std::pair<std::string, value::Value>>& values) {
    std::vector<std::pair<std::string, value::Value>> members;
    for (const auto& [name, value] : values) {
        const std::string& wanted = name;
        const auto known = std::find_if(members.begin(), members.end(),
                                        [&](const auto& member) { return member.first == wanted; });
        if (known == members.end()) {
            members.emplace_back(name, value);
        } else {
            known->second = value;
        }
    }
    return value::Value::object(members);
}

// An object cannot hold a name twice, but the receiver shall get every pair (SCXML 6.2): when names
// repeat, _event.raw carries them all, as "name=value" lines in document order.
std::string raw_of_repeated(const std::vector<std::pair<std::string, value::Value>>& values) {
    std::string raw;
    bool is_repeated = false;
    for (std::size_t at = 0; at < values.size(); ++at) {
        raw += (at == 0 ? "" : "\n") + values[at].first + "=" + values[at].second.to_text();
        for (std::size_t before = 0; before < at && !is_repeated; ++before) {
            is_repeated = values[before].first == values[at].first;
        }
    }
    return is_repeated ? raw : std::string();
}

}  // namespace

bool Interpreter::Run::send(std::uint32_t at) {
    const Send& send = tables_.sends[tables_.instructions[at].a];
    Origin origin = origin_of(at);
    SendEffect effect;
    effect.event.sendid = send.id;
    if (send.id_location != script::kNoExpression) {
        effect.event.sendid = surroundings_.unique_id();
        const script::Outcome<void> outcome =
            data_->assign(send.id_location, value::Value::string(effect.event.sendid));
        if (!outcome) {
            fail(outcome.error(), send.id_location, origin);
            return false;
        }
    }
    const std::string sendid = effect.event.sendid;
    origin.sendid = sendid;
    std::string type;
    if (!read_send(send, effect, type, origin) || !route_send(effect, type, origin)) {
        return false;
    }
    if (effect.processor == Processor::kScxml && effect.target == kInternalTarget) {
        effect.event.type = value::EventType::kInternal;
        return raise(std::move(effect.event), origin.place);
    }
    if (!has_room_for_effect(origin)) {
        return false;
    }
    effect.sendid = sendid.empty() ? surroundings_.unique_id() : sendid;
    effects_.emplace_back(std::move(effect));
    return true;
}

// Evaluates every argument; at the first error the message is given up (SCXML 6.2.3).
bool Interpreter::Run::read_send(const Send& send, SendEffect& effect, std::string& type,
                                 const Origin& origin) {
    if (!read_text(send.event, effect.event.name, origin) ||
        !read_text(send.target, effect.target, origin) || !read_text(send.type, type, origin)) {
        return false;
    }
    effect.delay_ms = send.delay_ms;
    if (send.delay.is_expression()) {
        std::string text;
        if (!read_text(send.delay, text, origin)) {
            return false;
        }
        effect.delay_ms = parse_delay(text).value_or(-1);
        if (effect.delay_ms < 0) {
            fail("not a delay: '" + text + "'", origin);
            return false;
        }
    } else if (effect.delay_ms < 0) {
        fail("not a delay: '" + send.delay.literal + "'", origin);
        return false;
    }
    effect.has_content = send.content.given;
    std::vector<std::pair<std::string, value::Value>> values;
    if (!read_payload(send.parameters, send.content, effect.event.data, &values, origin)) {
        return false;
    }
    if (is_http_type(type)) {
        for (const auto& [name, value] : values) {
            effect.form.emplace_back(name, value.to_text());
        }
    } else if (values.size() > 1) {
        effect.event.raw = raw_of_repeated(values);
    }
    return true;
}

bool Interpreter::Run::route_send(SendEffect& effect, std::string_view type, const Origin& origin) {
    if (is_scxml_type(type)) {
        effect.processor = Processor::kScxml;
        return route_to_session(effect, origin);
    }
    if (is_http_type(type)) {
        effect.processor = Processor::kBasicHttp;
        return route_to_http(effect, origin);
    }
    fail("no event processor of type '" + std::string(type) + "'", origin);
    return false;
}

bool Interpreter::Run::route_to_session(SendEffect& effect, const Origin& origin) {
    if (effect.target == kInternalTarget) {
        if (effect.delay_ms > 0) {
            fail("a message to #_internal cannot be delayed", origin);
            return false;
        }
        return true;
    }
    const std::string own = "#_scxml_" + surroundings_.session_id();
    if (effect.target.empty() || effect.target == own) {
        return true;
    }
    if (!effect.target.starts_with("#_")) {
        if (is_own_location(effect.target)) {
            effect.target = own;
            return true;
        }
        fail("not a target: '" + effect.target + "'", origin);
        return false;
    }
    // A delayed message is judged when it leaves.
    if (effect.delay_ms == 0 && !is_reachable(effect.target)) {
        raise_error("error.communication", "cannot reach '" + effect.target + "'", origin);
        return false;
    }
    return true;
}

bool Interpreter::Run::route_to_http(SendEffect& effect, const Origin& origin) {
    if (effect.target.empty()) {
        raise_error("error.communication", "a BasicHTTP message needs a target", origin);
        return false;
    }
    if (!effect.target.starts_with("http://") && !effect.target.starts_with("https://")) {
        fail("not a target: '" + effect.target + "'", origin);
        return false;
    }
    return true;
}

bool Interpreter::Run::is_own_location(std::string_view target) const {
    const std::vector<script::IoProcessor> processors = surroundings_.io_processors();
    return std::any_of(processors.begin(), processors.end(),
                       [&](const script::IoProcessor& processor) {
                           return is_scxml_type(processor.type) && processor.location == target;
                       });
}

bool Interpreter::Run::is_reachable(std::string_view target) const {
    if (state_.rare != nullptr) {
        for (const SessionState::RunningInvoke& running : state_.rare->invokes) {
            if (target.substr(2) == running.invokeid) {
                return true;
            }
        }
    }
    return surroundings_.is_reachable(target);
}

bool Interpreter::Run::read_payload(Range parameters, const Content& content, value::Value& data,
                                    std::vector<std::pair<std::string, value::Value>>* pairs,
                                    const Origin& origin) {
    if (content.given) {
        if (content.expression == script::kNoExpression) {
            const value::Value* constant = nullptr;
            if (!use_constant(content.constant, constant, origin)) {
                return false;
            }
            data = *constant;
            return true;
        }
        script::Outcome<value::Value> outcome = data_->evaluate(content.expression);
        if (!outcome) {
            fail(outcome.error(), content.expression, origin);
            return false;
        }
        data = std::move(*outcome);
        return true;
    }
    if (parameters.empty()) {
        return true;
    }
    std::vector<std::pair<std::string, value::Value>> values;
    if (!evaluate_parameters(parameters, values, origin)) {
        return false;
    }
    data = object_of(values);
    if (pairs != nullptr) {
        *pairs = std::move(values);
    }
    return true;
}

// Goes on behind an error, so that <donedata> can use the rest; false when there was one.
bool Interpreter::Run::evaluate_parameters(
    Range parameters, std::vector<std::pair<std::string, value::Value>>& values,
    const Origin& origin) {
    bool is_good = true;
    for (std::uint32_t at = parameters.begin; at < parameters.end; ++at) {
        const Parameter& parameter = tables_.parameters[at];
        script::Outcome<value::Value> outcome = data_->evaluate(parameter.value);
        if (outcome) {
            values.emplace_back(parameter.name, std::move(*outcome));
            continue;
        }
        if (is_good || origin.element == "donedata") {
            fail(outcome.error(), parameter.value, origin);
        }
        is_good = false;
    }
    return is_good;
}

bool Interpreter::Run::read_text(const TextSource& source, std::string& text,
                                 const Origin& origin) {
    if (!source.is_expression()) {
        text = source.literal;
        return true;
    }
    script::Outcome<std::string> outcome = data_->evaluate_text(source.expression);
    if (!outcome) {
        fail(outcome.error(), source.expression, origin);
        return false;
    }
    text = std::move(*outcome);
    return true;
}

bool Interpreter::Run::use_constant(ConstantIndex index, const value::Value*& value,
                                    const Origin& origin) {
    const Constant& constant = tables_.constants[index];
    if (!constant.failure.empty()) {
        fail(constant.failure, origin);
        return false;
    }
    value = &constant.value;
    return true;
}

value::Value Interpreter::Run::donedata_of(StateIndex final_state) {
    value::Value data;
    if (tables_.states[final_state].donedata == kNone) {
        return data;
    }
    const Donedata& donedata = tables_.donedata[tables_.states[final_state].donedata];
    const Origin origin{"donedata", donedata.place, {}};
    if (donedata.content.given) {
        read_payload({}, donedata.content, data, nullptr, origin);
        return data;
    }
    std::vector<std::pair<std::string, value::Value>> values;
    evaluate_parameters(donedata.parameters, values, origin);
    return values.empty() ? data : object_of(values);
}

}  // namespace fermata::scxml
