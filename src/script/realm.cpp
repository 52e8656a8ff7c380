#include "script/realm.h"

#include "script/compile.h"
#include "script/dom.h"
#include "script/protection.h"

namespace fermata::script {
namespace {

// QuickJS's first two classes; it has no name for them in its interface.
constexpr JSClassID kObjectClass = 1;
constexpr JSClassID kArrayClass = 2;

int own_property_of_session(JSContext* context, JSPropertyDescriptor* descriptor, JSValueConst,
                            JSAtom name) {
    return Realm::of(context).find(descriptor, name);
}

int has_property_of_session(JSContext* context, JSValueConst, JSAtom name) {
    return Realm::of(context).find(nullptr, name);
}

int set_property_of_session(JSContext* context, JSValueConst, JSAtom name, JSValueConst value,
                            JSValueConst receiver, int flags) {
    return Realm::of(context).assign(name, value, receiver, flags);
}

JSClassExoticMethods& session_methods() {
    static JSClassExoticMethods methods = [] {
        JSClassExoticMethods made{};
        made.get_own_property = own_property_of_session;
        made.has_property = has_property_of_session;
        made.set_property = set_property_of_session;
        return made;
    }();
    return methods;
}

// Class ids are numbers of the process; QuickJS hands them out once.
JSClassID session_class() {
    static const JSClassID id = [] {
        JSClassID made = 0;
        JS_NewClassID(&made);
        return made;
    }();
    return id;
}

bool register_session_class(JSRuntime* runtime) {
    if (JS_IsRegisteredClass(runtime, session_class()) != 0) {
        return true;
    }
    JSClassDef definition{};
    definition.class_name = "Session";
    definition.exotic = &session_methods();
    return JS_NewClass(runtime, session_class(), &definition) == 0;
}

JSValue in_state(JSContext* context, JSValueConst, int count, JSValueConst* arguments) {
    const js::Text id(context, count > 0 ? arguments[0] : js::undefined());
    if (!id.ok()) {
        return js::exception();
    }
    const Host* host = Realm::of(context).current().host;
    return js::boolean(host != nullptr && host->is_active(id.view()));
}

// All of the language but WeakRef and FinalizationRegistry: their callbacks would run whenever the
// collector does, that is, while another session evaluates.
JSContext* create_context(JSRuntime* runtime) {
    JSContext* context = JS_NewContextRaw(runtime);
    if (context == nullptr) {
        return nullptr;
    }
    JS_AddIntrinsicBaseObjects(context);
    JS_AddIntrinsicDate(context);
    JS_AddIntrinsicEval(context);
    JS_AddIntrinsicStringNormalize(context);
    JS_AddIntrinsicRegExp(context);
    JS_AddIntrinsicJSON(context);
    JS_AddIntrinsicProxy(context);
    JS_AddIntrinsicMapSet(context);
    JS_AddIntrinsicTypedArrays(context);
    JS_AddIntrinsicPromise(context);
    return context;
}

}  // namespace

Realm::Realm(JSContext* context, CurrentSession& current)
    : context_(context),
      current_(current),
      global_(JS_GetGlobalObject(context)),
      builtins_(JS_NewObjectProto(context, js::null())),
      object_prototype_(JS_GetClassProto(context, kObjectClass)),
      array_prototype_(JS_GetClassProto(context, kArrayClass)) {
    JS_SetContextOpaque(context, this);
}

Realm::~Realm() {
    forget_functions();
    builtin_table_.reset();
    system_variables_.reset();
    intrinsics_.reset();
    JS_FreeValue(context_, array_prototype_);
    JS_FreeValue(context_, object_prototype_);
    JS_FreeValue(context_, builtins_);
    JS_FreeValue(context_, global_);
    JS_FreeContext(context_);
}

std::unique_ptr<Realm> Realm::create(JSRuntime* runtime, CurrentSession& current,
                                     Protection protection) {
    if (!register_session_class(runtime)) {
        return nullptr;
    }
    JSContext* context = create_context(runtime);
    if (context == nullptr) {
        return nullptr;
    }
    std::unique_ptr<Realm> realm(new Realm(context, current));
    return realm->set_up(protection) ? std::move(realm) : nullptr;
}

bool Realm::set_up(Protection protection) {
    system_variables_ = std::make_unique<SystemVariables>(*this);
    intrinsics_ = std::make_unique<Intrinsics>(context_);
    JSValue in = JS_NewCFunction(context_, in_state, "In", 1);
    if (!move_builtins() ||
        JS_DefinePropertyValueStr(context_, builtins_, "In", in,
                                  JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0) {
        return false;
    }
    js::Value session(context_, JS_NewObjectProtoClass(context_, js::null(), session_class()));
    if (session.is_exception() || JS_PreventExtensions(context_, session.get()) < 0 ||
        JS_SetPrototype(context_, global_, session.get()) < 0 ||
        JS_PreventExtensions(context_, global_) < 0) {
        return false;
    }
    return add_dom(*this) && (protection == Protection::kOpen || protect_builtins(*this));
}

// Out of the global object, so that a session's variables come before them. `undefined`, `NaN` and
// `Infinity` stay: they cannot be changed anyway.
bool Realm::move_builtins() {
    const js::Names names(context_, global_, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK);
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        JSPropertyDescriptor descriptor{};
        if (JS_GetOwnProperty(context_, &descriptor, global_, names.at(at)) <= 0) {
            return false;
        }
        const js::Value value(context_, descriptor.value);
        const js::Value getter(context_, descriptor.getter);
        const js::Value setter(context_, descriptor.setter);
        if ((descriptor.flags & JS_PROP_CONFIGURABLE) == 0) {
            continue;
        }
        if (JS_DefinePropertyValue(context_, builtins_, names.at(at),
                                   JS_DupValue(context_, value.get()),
                                   JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE) < 0 ||
            JS_DeleteProperty(context_, global_, names.at(at), 0) < 0) {
            return false;
        }
    }
    return names.ok();
}

BuiltinTable& Realm::builtin_table() {
    if (!builtin_table_) {
        builtin_table_ = std::make_unique<BuiltinTable>(context_, builtins_);
    }
    return *builtin_table_;
}

JSValue Realm::make_function(std::string_view source) {
    auto found = function_makers_.find(std::string(source));
    if (found == function_makers_.end()) {
        if (function_makers_.size() >= kFunctionSourcesMax) {
            forget_functions();
        }
        const Compiled compiled = compile(context_, Wrapping::kFunction, source, "stored function");
        if (js::tag_of(compiled.function) == JS_TAG_EXCEPTION) {
            return js::exception();
        }
        found = function_makers_.emplace(source, compiled.function).first;
    }
    js::Value made(context_, JS_Call(context_, found->second, js::undefined(), 0, nullptr));
    if (made.is_exception() || JS_IsFunction(context_, made.get()) != 0) {
        return made.release();
    }
    return method_of(made.get());
}

// The function behind the first property of an object: its value, getter or setter.
JSValue Realm::method_of(JSValueConst object) {
    if (js::tag_of(object) == JS_TAG_OBJECT) {
        const js::Names names(context_, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK);
        JSPropertyDescriptor descriptor{};
        if (names.size() > 0 && JS_GetOwnProperty(context_, &descriptor, object, names.at(0)) > 0) {
            js::Value candidates[] = {js::Value(context_, descriptor.value),
                                      js::Value(context_, descriptor.getter),
                                      js::Value(context_, descriptor.setter)};
            for (js::Value& candidate : candidates) {
                if (JS_IsFunction(context_, candidate.get()) != 0) {
                    return candidate.release();
                }
            }
        }
    }
    return JS_ThrowTypeError(context_, "stored function is damaged");
}

void Realm::forget_functions() {
    for (const auto& [source, maker] : function_makers_) {
        JS_FreeValue(context_, maker);
    }
    function_makers_.clear();
}

int Realm::find(JSPropertyDescriptor* descriptor, JSAtom name) {
    if (js::tag_of(current_.scope) == JS_TAG_OBJECT) {
        const int found = JS_GetOwnProperty(context_, descriptor, current_.scope, name);
        if (found != 0) {
            return found;
        }
    }
    const SystemVariable variable = system_variables_->find(name);
    if (variable == SystemVariable::kNone) {
        return JS_GetOwnProperty(context_, descriptor, builtins_, name);
    }
    if (descriptor != nullptr) {
        JSValue value = system_variables_->get(variable);
        if (js::tag_of(value) == JS_TAG_EXCEPTION) {
            return -1;
        }
        *descriptor = {JS_PROP_ENUMERABLE, value, js::undefined(), js::undefined()};
    }
    return 1;
}

int Realm::assign(JSAtom name, JSValueConst value, JSValueConst receiver, int flags) {
    constexpr int kOwn = JS_PROP_C_W_E | JS_PROP_THROW;
    if (js::tag_of(receiver) != JS_TAG_OBJECT ||
        js::pointer_of(receiver) != js::pointer_of(global_)) {
        return JS_DefinePropertyValue(context_, receiver, name, JS_DupValue(context_, value), kOwn);
    }
    if (system_variables_->find(name) != SystemVariable::kNone) {
        JS_ThrowTypeError(context_, "system variable '%s' is read-only",
                          std::string(js::Text(context_, name).view()).c_str());
        return -1;
    }
    if (js::tag_of(current_.scope) != JS_TAG_OBJECT) {
        JS_ThrowTypeError(context_, "no session is running");
        return -1;
    }
    if ((flags & JS_PROP_NO_ADD) != 0 && find(nullptr, name) <= 0) {
        JS_ThrowReferenceError(context_, "'%s' is not defined",
                               std::string(js::Text(context_, name).view()).c_str());
        return -1;
    }
    return JS_SetProperty(context_, current_.scope, name, JS_DupValue(context_, value));
}

}  // namespace fermata::script
