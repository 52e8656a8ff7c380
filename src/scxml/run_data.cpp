// Data items: early and late binding (SCXML 5.3.3) and values from outside (6.4.3).
#include "scxml/run.h"

namespace fermata::scxml {

// All variables exist from the start; with early binding they also have their values, in document
// order. Late: those of the document at once, those of a state when it is first entered.
void Interpreter::Run::initialise_data(const Parameters& parameters) {
    for (script::DataIndex id = 0; id < tables_.program->data_ids.size(); ++id) {
        data_->declare(id);
    }
    const Range top = tables_.states[0].data;
    for (const std::uint32_t index : tables_.data_in_document_order) {
        const Data& data = tables_.data[index];
        const bool is_top = index >= top.begin && index < top.end;
        if (tables_.late_binding && !is_top) {
            continue;
        }
        const value::Value* given = nullptr;
        for (const auto& [name, value] : parameters) {
            if (is_top && name == tables_.program->data_ids[data.id]) {
                given = &value;
            }
        }
        if (given != nullptr) {
            override_item(data, *given);
        } else {
            initialise_item(data);
        }
    }
}

void Interpreter::Run::override_item(const Data& data, const value::Value& value) {
    const script::Outcome<void> outcome = data_->initialise(data.id, value);
    if (!outcome) {
        fail(outcome.error(), script::kNoExpression, {"data", data.place, {}});
    }
}

void Interpreter::Run::initialise_item(const Data& data) {
    const Origin origin{"data", data.place, {}};
    script::Outcome<void> outcome;
    if (data.expression != script::kNoExpression) {
        outcome = data_->initialise(data.id, data.expression);
    } else if (data.constant != kNone) {
        const value::Value* value = nullptr;
        if (!use_constant(data.constant, value, origin)) {
            return;
        }
        outcome = data_->initialise(data.id, *value);
    }
    if (!outcome) {
        fail(outcome.error(), data.expression, origin);
    }
}

void Interpreter::Run::initialise_late(StateIndex state) {
    if (data_ == nullptr) {
        return;
    }
    StateSet& initialised = rare().initialised;
    if (initialised.word_count() != state_.configuration.word_count()) {
        initialised = StateSet(static_cast<StateIndex>(tables_.states.size()));
    }
    if (initialised.contains(state)) {
        return;
    }
    initialised.insert(state);
    const Range range = tables_.states[state].data;
    for (std::uint32_t at = range.begin; at < range.end; ++at) {
        initialise_item(tables_.data[at]);
    }
}

}  // namespace fermata::scxml
