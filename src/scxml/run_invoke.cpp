// <invoke>, <finalize> and autoforward (SCXML 6.4, 6.5).
#include <algorithm>

#include "scxml/inline_value.h"
#include "scxml/run.h"
#include "scxml/url.h"

namespace fermata::scxml {

namespace {

bool is_child_type(std::string_view type) {
    return type.empty() || type == "scxml" || type == kScxmlInvoke ||
           type == kScxmlInvoke.substr(0, kScxmlInvoke.size() - 1) || type == kScxmlProcessor;
}

}  // namespace

// At the end of a macrostep, for the states entered in it and still active, in document order.
void Interpreter::Run::start_invokes() {
    std::vector<StateIndex> states = std::move(scratch_.to_invoke);
    scratch_.to_invoke.clear();
    std::sort(states.begin(), states.end());
    for (const StateIndex state : states) {
        const Range invokes = tables_.states[state].invokes;
        for (InvokeIndex index = invokes.begin; index < invokes.end; ++index) {
            start_invoke(index);
        }
    }
}

void Interpreter::Run::start_invoke(InvokeIndex index) {
    const Invoke& invoke = tables_.invokes[index];
    const Origin origin{"invoke", invoke.place, {}};
    InvokeEffect effect;
    effect.invokeid = invoke.id.empty()
                          ? tables_.states[invoke.state].id + "." + surroundings_.unique_id()
                          : invoke.id;
    if (invoke.id_location != script::kNoExpression) {
        const script::Outcome<void> outcome =
            data_->assign(invoke.id_location, value::Value::string(effect.invokeid));
        if (!outcome) {
            fail(outcome.error(), invoke.id_location, origin);
            return;
        }
    }
    if (rare().invokes.size() >= limits_.invokes_max) {
        fail("max-invokes (" + std::to_string(limits_.invokes_max) + ") children run already",
             origin);
        return;
    }
    if (!read_invoke(invoke, effect, origin) || !has_room_for_effect(origin)) {
        return;
    }
    rare().invokes.push_back({index, effect.invokeid});
    effects_.emplace_back(std::move(effect));
}

bool Interpreter::Run::read_invoke(const Invoke& invoke, InvokeEffect& effect,
                                   const Origin& origin) {
    std::string source;
    if (!read_text(invoke.type, effect.type, origin) || !read_text(invoke.source, source, origin)) {
        return false;
    }
    if (!is_child_type(effect.type)) {
        fail("nothing can be invoked by type '" + effect.type + "'", origin);
        return false;
    }
    if (!source.empty()) {
        effect.url = resolve_url(document_of(invoke.place), source);
    }
    effect.content = invoke.document;
    if (invoke.content.expression != script::kNoExpression) {
        const script::Outcome<value::Value> outcome = data_->evaluate(invoke.content.expression);
        if (!outcome) {
            fail(outcome.error(), invoke.content.expression, origin);
            return false;
        }
        std::optional<std::string> text = document_text(*outcome);
        if (!text) {
            fail("the content to invoke is no document", origin);
            return false;
        }
        effect.content = std::move(*text);
    }
    effect.autoforward = invoke.autoforward;
    return evaluate_parameters(invoke.parameters, effect.params, origin);
}

void Interpreter::Run::cancel_invokes(StateIndex state) {
    if (state_.rare == nullptr) {
        return;
    }
    std::erase_if(state_.rare->invokes, [&](SessionState::RunningInvoke& running) {
        if (tables_.invokes[running.invoke].state != state) {
            return false;
        }
        effects_.emplace_back(CancelInvokeEffect{std::move(running.invokeid)});
        return true;
    });
}

void Interpreter::Run::cancel_all_invokes() {
    if (state_.rare == nullptr) {
        return;
    }
    for (SessionState::RunningInvoke& running : state_.rare->invokes) {
        effects_.emplace_back(CancelInvokeEffect{std::move(running.invokeid)});
    }
    state_.rare->invokes.clear();
}

// Before the transitions of an external event are selected (appendix D, mainEventLoop).
void Interpreter::Run::pass_to_invokes(const value::Event& event) {
    if (state_.rare == nullptr || state_.rare->invokes.empty()) {
        return;
    }
    // In document order; a copy, since a child that is done leaves the list.
    std::vector<SessionState::RunningInvoke> running = state_.rare->invokes;
    std::sort(running.begin(), running.end(),
              [](const auto& a, const auto& b) { return a.invoke < b.invoke; });
    for (const SessionState::RunningInvoke& child : running) {
        const Invoke& invoke = tables_.invokes[child.invoke];
        const bool is_sender = event.invokeid == child.invokeid;
        if (is_sender && invoke.has_finalize) {
            finalize(invoke, event);
        }
        if (is_sender && event.name == "done.invoke." + child.invokeid) {
            std::erase(state_.rare->invokes, child);
        } else if (invoke.autoforward) {
            effects_.emplace_back(ForwardEffect{child.invokeid, event});
        }
    }
}

// An empty <finalize/> puts the returned values where the parameters came from (SCXML 6.5.2).
void Interpreter::Run::finalize(const Invoke& invoke, const value::Event& event) {
    if (invoke.finalize != kNone) {
        run_block(invoke.finalize);
        return;
    }
    for (std::uint32_t at = invoke.parameters.begin; at < invoke.parameters.end; ++at) {
        const Parameter& parameter = tables_.parameters[at];
        value::Value returned;
        if (parameter.location == script::kNoExpression ||
            !event.data.find_member(parameter.name, returned)) {
            continue;
        }
        const script::Outcome<void> outcome = data_->assign(parameter.location, returned);
        if (!outcome) {
            fail(outcome.error(), parameter.location, {"finalize", parameter.place, {}});
        }
    }
}

}  // namespace fermata::scxml
