#include "script/compile.h"
#include "script/data_model.h"
#include "script/declarations.h"
#include "script/ecmascript_model.h"
#include "script/engine.h"
#include "script/failure_place.h"
#include "script/names.h"
#include "script/null_model.h"

namespace fermata::script {

struct Runtime::Parts {
    std::unique_ptr<Engine> engine;
};

Runtime::Runtime(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Runtime::~Runtime() = default;

Result<std::unique_ptr<Runtime>> Runtime::create(const RuntimeOptions& options) {
    auto parts = std::make_unique<Parts>();
    FERMATA_TRY_ASSIGN(parts->engine, Engine::create(options));
    return std::unique_ptr<Runtime>(new Runtime(std::move(parts)));
}

std::unique_ptr<DataModel> Runtime::create_data_model(std::shared_ptr<const Program> program) {
    if (program->datamodel == DataModelKind::kNull) {
        const bool has_nothing_to_ask = program->expressions.empty() && program->data_ids.empty();
        return has_nothing_to_ask ? nullptr : std::make_unique<NullModel>(*program);
    }
    return EcmascriptModel::create(*parts_->engine, std::move(program));
}

std::vector<SyntaxProblem> Runtime::check_syntax(DataModelKind datamodel, ExpressionKind kind,
                                                 std::string_view text) {
    if (datamodel == DataModelKind::kNull) {
        if (kind == ExpressionKind::kCondition && parse_in(text)) {
            return {};
        }
        return {{"the null data model knows only conditions of the form In('id')", 0, 0}};
    }
    Engine& engine = *parts_->engine;
    engine.enter();
    engine.begin_evaluation();
    JSContext* context = engine.shared_realm().context();
    Wrapping wrapping = Wrapping::kValue;
    if (kind == ExpressionKind::kScript) {
        wrapping = Wrapping::kScript;
    } else if (kind == ExpressionKind::kLocation) {
        wrapping = Wrapping::kLocation;
    }
    constexpr const char* kFile = "checked text";
    const Compiled compiled = compile(context, wrapping, text, kFile);
    const js::Value function(context, compiled.function);
    std::vector<SyntaxProblem> problems;
    if (function.is_exception()) {
        const Failure failure =
            engine.take_failure(context, {kFile, compiled.lines, compiled.columns});
        problems.push_back({failure.message, failure.line, failure.column});
    }
    engine.lift_limits();
    return problems;
}

std::vector<std::string> Runtime::free_names(DataModelKind datamodel, ExpressionKind kind,
                                             std::string_view text) {
    if (datamodel == DataModelKind::kNull) {
        return {};
    }
    Realm& realm = parts_->engine->shared_realm();
    std::vector<std::string> names;
    const TextBegins begins =
        kind == ExpressionKind::kScript ? TextBegins::kWithStatement : TextBegins::kWithExpression;
    for (std::string& name : names_from_outside(text, begins)) {
        const js::Atom atom(realm.context(), std::string_view(name));
        if (!SystemVariables::is_name(name) && !realm.has_builtin(atom.get()) &&
            JS_GetOwnProperty(realm.context(), nullptr, realm.global(), atom.get()) <= 0) {
            names.push_back(std::move(name));
        }
    }
    return names;
}

std::vector<std::string> Runtime::declared_names(std::string_view script) {
    ScopedScript scoped = move_declarations_to_scope(script);
    std::vector<std::string> names = std::move(scoped.variables);
    names.insert(names.end(), scoped.functions.begin(), scoped.functions.end());
    return names;
}

std::size_t Runtime::memory_used() const {
    return parts_->engine->memory_used();
}

void Runtime::collect_garbage() {
    parts_->engine->enter();
    parts_->engine->collect_garbage();
}

}  // namespace fermata::script
