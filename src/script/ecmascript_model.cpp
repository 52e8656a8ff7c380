#include "script/ecmascript_model.h"

#include "script/decode.h"
#include "script/names.h"

namespace fermata::script {
namespace {

// A variable holds one reference and the look-up another.
constexpr int kHeldByVariable = 2;
constexpr int kHeldByCaller = 1;

}  // namespace

EcmascriptModel::EcmascriptModel(Engine& engine, CompiledProgram& program,
                                 std::unique_ptr<OwnRealm> own)
    : engine_(engine),
      program_(program),
      own_(std::move(own)),
      scope_(JS_NewObjectProto(context(), js::null())) {}

std::unique_ptr<EcmascriptModel> EcmascriptModel::create(Engine& engine,
                                                         std::shared_ptr<const Program> program) {
    engine.lift_limits();
    std::unique_ptr<EcmascriptModel> model;
    if (program->own_realm) {
        auto own = std::make_unique<OwnRealm>();
        own->realm = engine.create_realm();
        if (!own->realm) {
            return nullptr;
        }
        own->program = std::make_unique<CompiledProgram>(std::move(program), own->realm->context());
        CompiledProgram& compiled = *own->program;
        model.reset(new EcmascriptModel(engine, compiled, std::move(own)));
    } else {
        model.reset(new EcmascriptModel(engine, engine.acquire(program), nullptr));
    }
    return js::tag_of(model->scope_) == JS_TAG_OBJECT ? std::move(model) : nullptr;
}

EcmascriptModel::~EcmascriptModel() {
    if (js::pointer_of(engine_.current().scope) == js::pointer_of(scope_)) {
        leave();
    }
    JS_FreeValue(context(), scope_);
    if (own_) {
        own_->program.reset();
    } else {
        engine_.release(program_);
    }
}

void EcmascriptModel::enter(const Host& host) {
    engine_.enter();
    CurrentSession& current = engine_.current();
    current.host = &host;
    current.context = context();
    current.scope = scope_;
}

void EcmascriptModel::leave() {
    engine_.leave();
}

void EcmascriptModel::set_event(const value::Event& event) {
    CurrentSession& current = engine_.current();
    current.drop_event();
    current.event = event;
    current.has_event = true;
}

Failure EcmascriptModel::failure(ExpressionId expression) {
    const CompiledProgram::Entry& entry = program_.entry(expression);
    const std::string file = CompiledProgram::file_name(expression);
    return engine_.take_failure(context(), {file.c_str(), entry.lines, entry.columns});
}

Failure EcmascriptModel::failure() {
    return engine_.take_failure(context(), {});
}

Outcome<void> EcmascriptModel::finish() {
    return engine_.end_evaluation(context());
}

Outcome<JSValue> EcmascriptModel::call(ExpressionId expression) {
    engine_.begin_evaluation();
    if (!program_.compile_function(expression)) {
        return tl::unexpected(failure(expression));
    }
    JSValueConst arguments[] = {scope_};
    JSValue value = JS_Call(context(), program_.entry(expression).function, js::undefined(), 1,
                            static_cast<JSValueConst*>(arguments));
    if (js::tag_of(value) == JS_TAG_EXCEPTION) {
        return tl::unexpected(failure(expression));
    }
    return value;
}

void EcmascriptModel::declare(DataIndex data) {
    const JSAtom name = program_.data_name(data);
    if (SystemVariables::is_name(program_.program().data_ids[data]) ||
        JS_GetOwnProperty(context(), nullptr, scope_, name) != 0) {
        return;
    }
    JS_DefinePropertyValue(context(), scope_, name, js::undefined(), JS_PROP_C_W_E);
}

Outcome<void> EcmascriptModel::set_variable(JSAtom name, JSValue value) {
    if (JS_SetProperty(context(), scope_, name, value) < 0) {
        return tl::unexpected(failure());
    }
    return {};
}

Outcome<void> EcmascriptModel::store_data(DataIndex data, JSValue value) {
    if (SystemVariables::is_name(program_.program().data_ids[data])) {
        JS_FreeValue(context(), value);
        return tl::unexpected(
            Failure{FailureKind::kExecution, "a system variable is read-only", 0, 0});
    }
    return set_variable(program_.data_name(data), value);
}

Outcome<void> EcmascriptModel::initialise(DataIndex data, ExpressionId expression) {
    const Outcome<JSValue> value = call(expression);
    if (!value) {
        return tl::unexpected(value.error());
    }
    const Outcome<void> stored = store_data(data, *value);
    return stored ? finish() : stored;
}

Outcome<void> EcmascriptModel::initialise(DataIndex data, const value::Value& value) {
    engine_.begin_evaluation();
    JSValue decoded = decode(realm(), value);
    if (js::tag_of(decoded) == JS_TAG_EXCEPTION) {
        return tl::unexpected(failure());
    }
    return store_data(data, decoded);
}

Outcome<bool> EcmascriptModel::condition(ExpressionId expression) {
    const Outcome<JSValue> value = call(expression);
    if (!value) {
        return tl::unexpected(value.error());
    }
    const bool holds = JS_ToBool(context(), *value) > 0;
    JS_FreeValue(context(), *value);
    if (const Outcome<void> finished = finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    return holds;
}

Outcome<value::Value> EcmascriptModel::evaluate(ExpressionId expression) {
    const Outcome<JSValue> result = call(expression);
    if (!result) {
        return tl::unexpected(result.error());
    }
    const js::Value value(context(), *result);
    if (const Outcome<void> finished = finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    engine_.lift_limits();
    if (own_) {
        Encoder encoder(realm(), engine_.keys(), engine_.value_bytes_max());
        return taken_out(encoder, value.get());
    }
    return taken_out(engine_.encoder(), value.get());
}

Outcome<value::Value> EcmascriptModel::taken_out(Encoder& encoder, JSValueConst value) {
    encoder.begin("");
    encoder.encode(value, kHeldByCaller);
    const bool is_over = encoder.is_over();
    value::Value encoded =
        is_over ? value::Value() : value::Value::from_trusted_bytes(encoder.writer().bytes());
    encoder.reset();
    if (is_over) {
        return tl::unexpected(too_large());
    }
    return encoded;
}

Failure EcmascriptModel::too_large() const {
    return {FailureKind::kExecution,
            "the value has more than " + std::to_string(engine_.value_bytes_max()) +
                " bytes (max-session-size, max-event-size)",
            0, 0};
}

Outcome<std::string> EcmascriptModel::evaluate_text(ExpressionId expression) {
    const Outcome<JSValue> result = call(expression);
    if (!result) {
        return tl::unexpected(result.error());
    }
    const js::Value value(context(), *result);
    const js::Text text(context(), value.get());
    if (!text.ok()) {
        return tl::unexpected(failure(expression));
    }
    if (const Outcome<void> finished = finish(); !finished) {
        return tl::unexpected(finished.error());
    }
    if (text.view().size() > engine_.value_bytes_max()) {
        return tl::unexpected(too_large());
    }
    return std::string(text.view());
}

// Takes `value`.
Outcome<void> EcmascriptModel::store(ExpressionId location, JSValue value) {
    js::Value owned(context(), value);
    if (!program_.compile_setter(location)) {
        return tl::unexpected(failure(location));
    }
    const CompiledProgram::Entry& entry = program_.entry(location);
    if (entry.name != JS_ATOM_NULL) {
        if (JS_GetOwnProperty(context(), nullptr, scope_, entry.name) <= 0) {
            const std::string name(js::Text(context(), entry.name).view());
            return tl::unexpected(Failure{
                FailureKind::kExecution,
                "'" + name +
                    (SystemVariables::is_name(name) ? "' is read-only" : "' is not declared"),
                0, 0});
        }
        return set_variable(entry.name, owned.release());
    }
    JSValueConst arguments[] = {owned.get()};
    const js::Value result(context(), JS_Call(context(), entry.setter, js::undefined(), 1,
                                              static_cast<JSValueConst*>(arguments)));
    if (result.is_exception()) {
        return tl::unexpected(failure(location));
    }
    return {};
}

Outcome<void> EcmascriptModel::assign(ExpressionId location, ExpressionId expression) {
    const Outcome<JSValue> value = call(expression);
    if (!value) {
        return tl::unexpected(value.error());
    }
    Outcome<void> stored = store(location, *value);
    return stored ? finish() : stored;
}

Outcome<void> EcmascriptModel::assign(ExpressionId location, const value::Value& value) {
    engine_.begin_evaluation();
    JSValue decoded = decode(realm(), value);
    if (js::tag_of(decoded) == JS_TAG_EXCEPTION) {
        return tl::unexpected(failure());
    }
    Outcome<void> stored = store(location, decoded);
    return stored ? finish() : stored;
}

Outcome<void> EcmascriptModel::run(ExpressionId script) {
    const Outcome<JSValue> value = call(script);
    if (!value) {
        return tl::unexpected(value.error());
    }
    JS_FreeValue(context(), *value);
    return finish();
}

Outcome<JSAtom> EcmascriptModel::variable_name(std::string_view name) {
    if (name.empty()) {
        return JSAtom{JS_ATOM_NULL};
    }
    if (!is_simple_name(name) || SystemVariables::is_name(name)) {
        return tl::unexpected(Failure{FailureKind::kExecution,
                                      "'" + std::string(name) + "' cannot name a variable", 0, 0});
    }
    return JS_NewAtomLen(context(), name.data(), name.size());
}

bool EcmascriptModel::is_array(JSValueConst value) const {
    return js::tag_of(value) == JS_TAG_OBJECT && class_of(value) == ObjectClass::kArray;
}

Outcome<void> EcmascriptModel::foreach_begin(ExpressionId array, std::string_view item,
                                             std::string_view index) {
    Outcome<JSAtom> item_name = variable_name(item);
    if (!item_name) {
        return tl::unexpected(item_name.error());
    }
    const js::Atom item_atom(context(), *item_name);
    Outcome<JSAtom> index_name = variable_name(index);
    if (!index_name) {
        return tl::unexpected(index_name.error());
    }
    const js::Atom index_atom(context(), *index_name);
    const Outcome<JSValue> result = call(array);
    if (!result) {
        return tl::unexpected(result.error());
    }
    const js::Value value(context(), *result);
    if (!is_array(value.get())) {
        return tl::unexpected(Failure{FailureKind::kExecution, "foreach needs an array", 0, 0});
    }
    js::Value copy(context(), realm().intrinsics().call(Intrinsic::kCopyArray, {value.get()}));
    if (copy.is_exception()) {
        return tl::unexpected(failure(array));
    }
    Iteration iteration;
    const js::Value size(context(), JS_GetPropertyStr(context(), copy.get(), "length"));
    JS_ToUint32(context(), &iteration.size, size.get());
    iteration.array = copy.release();
    iteration.item = JS_DupAtom(context(), item_atom.get());
    iteration.index = JS_DupAtom(context(), index_atom.get());
    engine_.current().iterations.push_back(iteration);
    return finish();
}

Outcome<bool> EcmascriptModel::foreach_next() {
    Iteration& iteration = engine_.current().iterations.back();
    if (iteration.next == iteration.size) {
        return false;
    }
    engine_.begin_evaluation();
    const std::uint32_t at = iteration.next++;
    if (iteration.item != JS_ATOM_NULL) {
        JSValue element = JS_GetPropertyUint32(context(), iteration.array, at);
        if (js::tag_of(element) == JS_TAG_EXCEPTION) {
            return tl::unexpected(failure());
        }
        if (const Outcome<void> set = set_variable(iteration.item, element); !set) {
            return tl::unexpected(set.error());
        }
    }
    if (iteration.index != JS_ATOM_NULL) {
        const Outcome<void> set =
            set_variable(iteration.index, js::integer(static_cast<std::int32_t>(at)));
        if (!set) {
            return tl::unexpected(set.error());
        }
    }
    return true;
}

void EcmascriptModel::foreach_end() {
    engine_.current().drop_iteration();
}

bool EcmascriptModel::snapshot(ItemSink& sink) {
    engine_.enter();
    engine_.lift_limits();
    std::unique_ptr<Encoder> own;
    if (own_) {
        own = std::make_unique<Encoder>(realm(), engine_.keys(), engine_.value_bytes_max());
    }
    Encoder& encoder = own ? *own : engine_.encoder();
    const js::Names names(context(), scope_, JS_GPN_STRING_MASK);
    if (!snapshot_items(sink, encoder, names) && !encoder.is_over()) {
        encoder.reset();
        snapshot_whole(sink, encoder, names);
    }
    const bool fits = !encoder.is_over();
    if (fits) {
        warn(sink, encoder);
    }
    encoder.reset();
    return fits;
}

// False when items share objects, or are too large.
bool EcmascriptModel::snapshot_items(ItemSink& sink, Encoder& encoder, const js::Names& names) {
    engine_.scratch().clear();
    std::vector<std::pair<std::uint32_t, std::size_t>> ends;
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        const js::Value value(context(), JS_GetProperty(context(), scope_, names.at(at)));
        encoder.begin(engine_.keys().text(context(), names.at(at)));
        encoder.encode(value.get(), kHeldByVariable);
        if (encoder.crossed() || encoder.is_over()) {
            return false;
        }
        engine_.scratch().append(encoder.writer().bytes());
        ends.emplace_back(at, engine_.scratch().size());
    }
    std::size_t begin = 0;
    for (const auto& [at, end] : ends) {
        sink.item(engine_.keys().text(context(), names.at(at)),
                  std::string_view(engine_.scratch()).substr(begin, end - begin));
        begin = end;
    }
    return true;
}

// Functions first: what is made by a class needs it, and a class needs the one that it extends.
void EcmascriptModel::snapshot_whole(ItemSink& sink, Encoder& encoder, const js::Names& names) {
    encoder.begin("");
    encoder.tagged(value::Tag::kObject);
    encoder.writer().varint(names.size());
    for (const bool functions : {true, false}) {
        for (std::uint32_t at = 0; at < names.size(); ++at) {
            const js::Value value(context(), JS_GetProperty(context(), scope_, names.at(at)));
            if ((JS_IsFunction(context(), value.get()) != 0) == functions) {
                const std::string name(engine_.keys().text(context(), names.at(at)));
                encoder.begin_part(name);
                encoder.writer().text(name);
                encoder.encode(value.get(), kHeldByVariable);
            }
        }
    }
    if (!encoder.is_over()) {
        sink.item(kWholeScope, encoder.writer().bytes());
    }
}

void EcmascriptModel::warn(ItemSink& sink, const Encoder& encoder) {
    for (const Encoder::Note& note : encoder.notes()) {
        sink.warning(note.path + ": " + note.text);
    }
    for (const Encoder::StoredFunction& function : encoder.functions()) {
        std::string captured;
        for (const std::string& name :
             names_from_outside(function.source, TextBegins::kWithExpression)) {
            if (!is_known(name)) {
                captured += (captured.empty() ? "" : ", ") + name;
            }
        }
        if (!captured.empty()) {
            sink.warning(function.path +
                         ": stored without the variables that it captured: " + captured);
        }
    }
}

// A variable of the session, a system variable or a built-in.
bool EcmascriptModel::is_known(std::string_view name) const {
    const js::Atom atom(context(), name);
    return SystemVariables::is_name(name) || realm().has_builtin(atom.get()) ||
           JS_GetOwnProperty(context(), nullptr, scope_, atom.get()) > 0 ||
           JS_GetOwnProperty(context(), nullptr, realm().global(), atom.get()) > 0;
}

Outcome<void> EcmascriptModel::restore(std::string_view name, const value::Value& value) {
    engine_.begin_evaluation();
    if (name == kWholeScope) {
        return decode_members(realm(), value, scope_) ? Outcome<void>() : tl::unexpected(failure());
    }
    JSValue decoded = decode(realm(), value);
    if (js::tag_of(decoded) == JS_TAG_EXCEPTION) {
        return tl::unexpected(failure());
    }
    const js::Atom atom(context(), name);
    return set_variable(atom.get(), decoded);
}

}  // namespace fermata::script
