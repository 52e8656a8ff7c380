#include <algorithm>
#include <array>

#include "script/data_model.h"
#include "script/tokens.h"

namespace fermata::script {
namespace {

constexpr std::array<std::string_view, 48> kBuiltins = {"Object",
                                                        "Function",
                                                        "Array",
                                                        "String",
                                                        "Number",
                                                        "Boolean",
                                                        "Symbol",
                                                        "BigInt",
                                                        "Date",
                                                        "RegExp",
                                                        "Math",
                                                        "JSON",
                                                        "Map",
                                                        "Set",
                                                        "WeakMap",
                                                        "WeakSet",
                                                        "Promise",
                                                        "Proxy",
                                                        "Reflect",
                                                        "Error",
                                                        "EvalError",
                                                        "RangeError",
                                                        "ReferenceError",
                                                        "SyntaxError",
                                                        "TypeError",
                                                        "URIError",
                                                        "AggregateError",
                                                        "InternalError",
                                                        "ArrayBuffer",
                                                        "SharedArrayBuffer",
                                                        "DataView",
                                                        "Atomics",
                                                        "Int8Array",
                                                        "Uint8Array",
                                                        "Uint8ClampedArray",
                                                        "Int16Array",
                                                        "Uint16Array",
                                                        "Int32Array",
                                                        "Uint32Array",
                                                        "BigInt64Array",
                                                        "BigUint64Array",
                                                        "Float32Array",
                                                        "Float64Array",
                                                        "Iterator",
                                                        "globalThis",
                                                        "escape",
                                                        "unescape",
                                                        "parseInt"};
constexpr std::array<std::string_view, 18> kAssignments = {
    "=",    "+=", "-=", "*=", "/=",  "%=",  "**=",  "<<=", ">>=",
    ">>>=", "&=", "|=", "^=", "&&=", "||=", "?\?=", "++",  "--"};
constexpr std::array<std::string_view, 4> kDefiners = {"defineProperty", "defineProperties",
                                                       "assign", "setPrototypeOf"};

template <typename List>
bool contains(const List& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

// Is the expression `Builtin.a.b` at `at`, of `steps` properties, assigned to or handed to a
// definer?
bool is_changed(const std::vector<Token>& tokens, std::size_t at) {
    std::size_t end = at + 1;
    std::uint32_t steps = 0;
    while (end < tokens.size()) {
        if (tokens[end].is(".") && end + 1 < tokens.size()) {
            end += 2;
        } else if (tokens[end].is("[") && tokens[end].match != kNoToken) {
            end = tokens[end].match + 1;
        } else {
            break;
        }
        ++steps;
    }
    const bool assigned =
        end < tokens.size() &&
        (contains(kAssignments, tokens[end].text) ||
         // a compound assignment the tokenizer splits
         (end + 1 < tokens.size() && tokens[end + 1].is("=") &&
          contains(std::array<std::string_view, 8>{"+", "-", "*", "/", "%", "&", "|", "^"},
                   tokens[end].text)));
    const bool before = at > 0 && (tokens[at - 1].is("delete") || tokens[at - 1].is("++") ||
                                   tokens[at - 1].is("--"));
    const bool defined = at > 1 && tokens[at - 1].is("(") &&
                         contains(kDefiners, tokens[at - 2].text) && end < tokens.size() &&
                         tokens[end].is(",");
    return defined || (steps > 0 && (assigned || before));
}

}  // namespace

bool changes_builtins(std::string_view script) {
    const std::vector<Token> tokens = tokenize(script, TextBegins::kWithStatement);
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        const bool after_dot = at > 0 && (tokens[at - 1].is(".") || tokens[at - 1].is("?."));
        if (tokens[at].kind == TokenKind::kName && !after_dot &&
            contains(kBuiltins, tokens[at].text) && is_changed(tokens, at)) {
            return true;
        }
    }
    return false;
}

}  // namespace fermata::script
