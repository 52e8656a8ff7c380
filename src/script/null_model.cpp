#include "script/null_model.h"

#include "script/compiled_program.h"

namespace fermata::script {
namespace {

tl::unexpected<Failure> unsupported(std::string_view what) {
    return tl::unexpected(
        Failure{FailureKind::kExecution, "the null data model has no " + std::string(what), 0, 0});
}

bool take(std::string_view& text, char wanted) {
    text = trim(text);
    if (text.empty() || text.front() != wanted) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<std::string_view> parse_in(std::string_view text) {
    text = trim(text);
    if (!text.starts_with("In")) {
        return std::nullopt;
    }
    text.remove_prefix(2);
    if (!take(text, '(')) {
        return std::nullopt;
    }
    const char quote = take(text, '\'') ? '\'' : take(text, '"') ? '"' : '\0';
    const std::size_t end = quote == '\0' ? std::string_view::npos : text.find(quote);
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view id = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (!take(text, ')') || !trim(text).empty()) {
        return std::nullopt;
    }
    return id;
}

Outcome<bool> NullModel::condition(ExpressionId expression) {
    const std::string& text = program_.expressions[expression].text;
    const std::optional<std::string_view> id = parse_in(text);
    if (!id) {
        return tl::unexpected(Failure{FailureKind::kExecution,
                                      "the null data model knows only In('id'), not: " + text, 0,
                                      0});
    }
    return host_->is_active(*id);
}

// There is no data, so what sets or lists data has nothing to do.
void NullModel::set_event(const value::Event&) {}
void NullModel::declare(DataIndex) {}
bool NullModel::snapshot(ItemSink&) {
    return true;
}
void NullModel::foreach_end() {}

Outcome<void> NullModel::initialise(DataIndex, ExpressionId) {
    return unsupported("data");
}
Outcome<void> NullModel::initialise(DataIndex, const value::Value&) {
    return unsupported("data");
}
Outcome<value::Value> NullModel::evaluate(ExpressionId) {
    return unsupported("expressions");
}
Outcome<std::string> NullModel::evaluate_text(ExpressionId) {
    return unsupported("expressions");
}
Outcome<void> NullModel::assign(ExpressionId, ExpressionId) {
    return unsupported("data");
}
Outcome<void> NullModel::assign(ExpressionId, const value::Value&) {
    return unsupported("data");
}
Outcome<void> NullModel::run(ExpressionId) {
    return unsupported("scripts");
}
Outcome<void> NullModel::foreach_begin(ExpressionId, std::string_view, std::string_view) {
    return unsupported("data");
}
Outcome<bool> NullModel::foreach_next() {
    return false;
}
Outcome<void> NullModel::restore(std::string_view, const value::Value&) {
    return unsupported("data");
}

}  // namespace fermata::script
