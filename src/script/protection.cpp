#include "script/protection.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "script/dom.h"
#include "script/realm.h"

namespace fermata::script {
namespace {

// Objects of the language that no name leads to.
constexpr std::string_view kHiddenObjects = R"js([
    function* () {}, async function () {}, async function* () {},
    (function* () {})(), (async function* () {})(),
    [][Symbol.iterator](), ''[Symbol.iterator](), new Map().entries(), new Set().values(),
    'a'.matchAll(/a/g), Object.getPrototypeOf(Int8Array),
    (function () { 'use strict'; return Object.getOwnPropertyDescriptor(arguments, 'callee').get; })()
])js";

// Prototypes whose properties programs assign on objects of their own, whatever the name.
constexpr std::array<std::string_view, 11> kHealedWhole = {
    "Object",      "Function",  "Error",    "EvalError",     "RangeError",    "ReferenceError",
    "SyntaxError", "TypeError", "URIError", "InternalError", "AggregateError"};
// Of every other prototype, only these.
constexpr std::array<std::string_view, 7> kHealedNames = {
    "constructor", "toString", "valueOf", "toLocaleString", "toJSON", "name", "message"};
// Called far too often for a getter, and hardly ever assigned.
constexpr std::array<std::string_view, 3> kHotNames = {"call", "apply", "bind"};

template <typename List>
bool contains(const List& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

JSValue get_inherited(JSContext* context, JSValueConst, int, JSValueConst*, int, JSValue* data) {
    return JS_DupValue(context, data[0]);
}

// data: the prototype, the property's name.
JSValue set_inherited(JSContext* context, JSValueConst receiver, int count, JSValueConst* arguments,
                      int, JSValue* data) {
    const js::Atom name(context, JS_ValueToAtom(context, data[1]));
    if (js::tag_of(receiver) != JS_TAG_OBJECT) {
        return js::undefined();  // as assigning to a property of a primitive does
    }
    if (js::pointer_of(receiver) == js::pointer_of(data[0])) {
        return JS_ThrowTypeError(context, "built-in property '%s' is read-only",
                                 std::string(js::Text(context, name.get()).view()).c_str());
    }
    JSValue value = count > 0 ? JS_DupValue(context, arguments[0]) : js::undefined();
    if (JS_DefinePropertyValue(context, receiver, name.get(), value,
                               JS_PROP_C_W_E | JS_PROP_THROW) < 0) {
        return js::exception();
    }
    return js::undefined();
}

class Protector {
  public:
    explicit Protector(Realm& realm) : context_(realm.context()), realm_(realm) {}
    Protector(const Protector&) = delete;
    Protector& operator=(const Protector&) = delete;
    ~Protector() {
        for (const JSValue& object : objects_) {
            JS_FreeValue(context_, object);
        }
    }

    bool run() { return heal_all() && collect_hidden() && collect_named() && freeze_all(); }

  private:
    bool collect_hidden() {
        const std::string source(kHiddenObjects);
        const js::Value hidden(context_, JS_Eval(context_, source.c_str(), source.size(),
                                                 "built-ins", JS_EVAL_TYPE_GLOBAL));
        const js::Value nodes(context_, dom_prototype(realm_));
        return !hidden.is_exception() && collect(hidden.get()) && collect(nodes.get());
    }
    bool collect_named() { return collect(realm_.builtins()) && collect(realm_.global()); }

    // Everything reachable through properties, accessors and prototypes.
    bool collect(JSValueConst root) {
        std::size_t next = objects_.size();
        add(root);
        for (; next < objects_.size(); ++next) {
            const JSValue object = objects_[next];
            const js::Value prototype(context_, JS_GetPrototype(context_, object));
            add(prototype.get());
            const js::Names names(context_, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK);
            if (!names.ok()) {
                return false;
            }
            for (std::uint32_t at = 0; at < names.size(); ++at) {
                if (!add_property(object, names.at(at))) {
                    return false;
                }
            }
        }
        return true;
    }
    void add(JSValueConst object) {
        if (js::tag_of(object) == JS_TAG_OBJECT && seen_.insert(js::pointer_of(object)).second) {
            objects_.push_back(JS_DupValue(context_, object));
        }
    }
    bool add_property(JSValueConst object, JSAtom name) {
        JSPropertyDescriptor descriptor{};
        if (JS_GetOwnProperty(context_, &descriptor, object, name) < 0) {
            return false;
        }
        add(descriptor.value);
        add(descriptor.getter);
        add(descriptor.setter);
        JS_FreeValue(context_, descriptor.value);
        JS_FreeValue(context_, descriptor.getter);
        JS_FreeValue(context_, descriptor.setter);
        return true;
    }

    bool heal_all() {
        const js::Names names(context_, realm_.builtins(), JS_GPN_STRING_MASK);
        for (std::uint32_t at = 0; at < names.size(); ++at) {
            const js::Value constructor(context_,
                                        JS_GetProperty(context_, realm_.builtins(), names.at(at)));
            if (!constructor.is_object()) {
                continue;
            }
            const js::Value prototype(context_,
                                      JS_GetPropertyStr(context_, constructor.get(), "prototype"));
            const js::Text name(context_, names.at(at));
            if (prototype.is_object() &&
                !heal(prototype.get(), contains(kHealedWhole, name.view()))) {
                return false;
            }
        }
        const js::Value nodes(context_, dom_prototype(realm_));
        return names.ok() && heal(nodes.get(), false);
    }
    bool heal(JSValueConst prototype, bool whole) {
        const js::Names names(context_, prototype, JS_GPN_STRING_MASK);
        for (std::uint32_t at = 0; at < names.size(); ++at) {
            const js::Text name(context_, names.at(at));
            const bool wanted =
                whole ? !contains(kHotNames, name.view()) : contains(kHealedNames, name.view());
            if (wanted && !heal_property(prototype, names.at(at))) {
                return false;
            }
        }
        return names.ok();
    }
    bool heal_property(JSValueConst prototype, JSAtom name) {
        JSPropertyDescriptor descriptor{};
        if (JS_GetOwnProperty(context_, &descriptor, prototype, name) < 0) {
            return false;
        }
        const js::Value value(context_, descriptor.value);
        const js::Value getter(context_, descriptor.getter);
        const js::Value setter(context_, descriptor.setter);
        if ((descriptor.flags & JS_PROP_GETSET) != 0 ||
            (descriptor.flags & JS_PROP_WRITABLE) == 0) {
            return true;
        }
        JSValueConst get_data[] = {value.get()};
        const js::Value key(context_, JS_AtomToValue(context_, name));
        JSValueConst set_data[] = {prototype, key.get()};
        JSValue get = JS_NewCFunctionData(context_, get_inherited, 0, 0, 1, get_data);
        JSValue set = JS_NewCFunctionData(context_, set_inherited, 1, 0, 2, set_data);
        return JS_DefinePropertyGetSet(context_, prototype, name, get, set,
                                       descriptor.flags & JS_PROP_ENUMERABLE) >= 0;
    }

    bool freeze_all() {
        return std::all_of(objects_.begin(), objects_.end(),
                           [this](JSValueConst object) { return freeze(object); });
    }
    bool freeze(JSValueConst object) {
        const js::Names names(context_, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK);
        for (std::uint32_t at = 0; at < names.size(); ++at) {
            JSPropertyDescriptor descriptor{};
            const int found = JS_GetOwnProperty(context_, &descriptor, object, names.at(at));
            if (found < 0) {
                return false;
            }
            if (found == 0) {
                continue;  // looked up elsewhere: the object behind the global one
            }
            JS_FreeValue(context_, descriptor.value);
            JS_FreeValue(context_, descriptor.getter);
            JS_FreeValue(context_, descriptor.setter);
            const bool is_data = (descriptor.flags & JS_PROP_GETSET) == 0;
            const int flags = JS_PROP_HAS_CONFIGURABLE | (is_data ? JS_PROP_HAS_WRITABLE : 0);
            if (JS_DefineProperty(context_, object, names.at(at), js::undefined(), js::undefined(),
                                  js::undefined(), flags) < 0) {
                return false;
            }
        }
        return names.ok() && JS_PreventExtensions(context_, object) >= 0;
    }

    JSContext* context_;
    Realm& realm_;
    std::vector<JSValue> objects_;
    std::unordered_set<const void*> seen_;
};

}  // namespace

bool protect_builtins(Realm& realm) {
    return Protector(realm).run();
}

}  // namespace fermata::script
