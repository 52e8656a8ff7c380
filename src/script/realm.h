// Realm: one set of the language's built-ins, and how names in a chart's expressions are found.
//
// The global object is empty and cannot be changed. Behind it, as its prototype, stands an object
// that asks, in this order: the scope of the current session, the system variables, the built-ins.
// So an expression compiled once works for every session, and an undeclared assignment lands in the
// scope of the session that is running. In a protected realm the built-ins are frozen
// (protection.h).
//
// Ownership: the Engine owns the shared realm; a session with a realm of its own owns that one.
// Threads: one owner at a time.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "script/builtin_table.h"
#include "script/current_session.h"
#include "script/intrinsics.h"
#include "script/quickjs_api.h"
#include "script/system_variables.h"

namespace fermata::script {

enum class Protection : std::uint8_t { kProtected, kOpen };

class Realm {
  public:
    // Null when out of memory. `current` must outlive the realm.
    static std::unique_ptr<Realm> create(JSRuntime* runtime, CurrentSession& current,
                                         Protection protection);
    Realm(const Realm&) = delete;
    Realm& operator=(const Realm&) = delete;
    ~Realm();

    static Realm& of(JSContext* context) {
        return *static_cast<Realm*>(JS_GetContextOpaque(context));
    }

    [[nodiscard]] JSContext* context() const { return context_; }
    [[nodiscard]] CurrentSession& current() const { return current_; }
    [[nodiscard]] JSValueConst global() const { return global_; }
    [[nodiscard]] JSValueConst builtins() const { return builtins_; }
    [[nodiscard]] bool has_builtin(JSAtom name) const {
        return JS_GetOwnProperty(context_, nullptr, builtins_, name) > 0;
    }
    // The intrinsic prototypes, whatever a script does to the names.
    [[nodiscard]] JSValueConst object_prototype() const { return object_prototype_; }
    [[nodiscard]] JSValueConst array_prototype() const { return array_prototype_; }
    [[nodiscard]] const Intrinsics& intrinsics() const { return *intrinsics_; }
    [[nodiscard]] SystemVariables& system_variables() { return *system_variables_; }
    // Built when first asked for.
    [[nodiscard]] BuiltinTable& builtin_table();

    // A new function of this source, or an exception. Compiled once per source.
    JSValue make_function(std::string_view source);

    // Sources of stored functions that are kept compiled.
    static constexpr std::size_t kFunctionSourcesMax = 1024;

    // The look-ups of the object behind the global one.
    int find(JSPropertyDescriptor* descriptor, JSAtom name);
    int assign(JSAtom name, JSValueConst value, JSValueConst receiver, int flags);

  private:
    Realm(JSContext* context, CurrentSession& current);
    bool set_up(Protection protection);
    bool move_builtins();
    void forget_functions();
    JSValue method_of(JSValueConst object);

    JSContext* context_;
    CurrentSession& current_;
    JSValue global_;
    JSValue builtins_;
    JSValue object_prototype_;
    JSValue array_prototype_;
    std::unique_ptr<Intrinsics> intrinsics_;
    std::unique_ptr<SystemVariables> system_variables_;
    std::unique_ptr<BuiltinTable> builtin_table_;
    std::unordered_map<std::string, JSValue> function_makers_;
};

}  // namespace fermata::script
