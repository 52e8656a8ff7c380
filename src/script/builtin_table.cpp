#include "script/builtin_table.h"

namespace fermata::script {
namespace {

// "Array.prototype" and the key "push" make "Array.prototype.push"; well-known symbols are
// "@@name".
std::string join(JSContext* context, const std::string& path, JSAtom key) {
    constexpr std::string_view kWellKnown = "Symbol.";
    const js::Value key_value(context, JS_AtomToValue(context, key));
    const js::Text text(context, key);
    std::string name(text.view());
    if (js::tag_of(key_value.get()) == JS_TAG_SYMBOL && name.starts_with(kWellKnown)) {
        name = "@@" + name.substr(kWellKnown.size());
    }
    return path.empty() ? name : path + "." + name;
}

}  // namespace

BuiltinTable::BuiltinTable(JSContext* context, JSValueConst builtins) : context_(context) {
    walk(builtins, "");
    // Breadth first, so that every object gets its shortest path.
    for (std::size_t at = 0; at < waiting_.size(); ++at) {
        const auto [object, path] = waiting_[at];
        walk(js::from_object(object), path);
    }
    waiting_.clear();
}

BuiltinTable::~BuiltinTable() {
    for (const auto& [path, object] : objects_) {
        JS_FreeValue(context_, js::from_object(object));
    }
}

JSValue BuiltinTable::find_object(std::string_view path) const {
    const auto found = objects_.find(std::string(path));
    return found == objects_.end() ? js::undefined()
                                   : JS_DupValue(context_, js::from_object(found->second));
}

void BuiltinTable::add(JSValueConst object, std::string path) {
    if (!paths_.emplace(js::pointer_of(object), path).second) {
        return;
    }
    JS_DupValue(context_, object);
    waiting_.emplace_back(js::pointer_of(object), path);
    objects_.emplace(std::move(path), js::pointer_of(object));
}

void BuiltinTable::walk(JSValueConst object, const std::string& path) {
    const js::Names names(context_, object, JS_GPN_STRING_MASK | JS_GPN_SYMBOL_MASK);
    for (std::uint32_t at = 0; at < names.size(); ++at) {
        // Through getters too: protected built-ins stand behind them. Those that want another
        // receiver throw and are left out.
        const js::Value value(context_, JS_GetProperty(context_, object, names.at(at)));
        if (value.is_exception()) {
            JS_FreeValue(context_, JS_GetException(context_));
        } else if (value.is_object()) {
            add(value.get(), join(context_, path, names.at(at)));
        }
    }
}

}  // namespace fermata::script
