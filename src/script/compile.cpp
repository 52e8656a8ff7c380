#include "script/compile.h"

#include <vector>

#include "script/declarations.h"

namespace fermata::script {
namespace {

constexpr std::string_view kValueHead = "()=>(";
constexpr std::string_view kLocationHead = "($value)=>{";
constexpr std::string_view kMethodHead = "()=>({";

JSValue evaluate(JSContext* context, const std::string& source, const char* file, int flags) {
    return JS_Eval(context, source.c_str(), source.size(), file, JS_EVAL_TYPE_GLOBAL | flags);
}

// Brackets that never close more than they opened, in a text without anything that may hide some
// (strings, templates, comments, regular expressions).
bool is_plainly_balanced(std::string_view text) {
    int depth = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        switch (text[at]) {
            case '(':
            case '[':
            case '{':
                ++depth;
                break;
            case ')':
            case ']':
            case '}':
                if (--depth < 0) {
                    return false;
                }
                break;
            case '"':
            case '\'':
            case '`':
            case '/':
                return false;
            case '-':
                if (text.substr(0, at).ends_with("-") || text.substr(0, at).ends_with("<!")) {
                    return false;  // may be <!-- or -->, which begin comments
                }
                break;
            default:
                break;
        }
    }
    return depth == 0;
}

// Is the text whole by itself, so that it cannot close a bracket of what is put around it?
// Undecided cases are parsed alone: up to its first surplus bracket a text reads the same there.
bool stands_alone(JSContext* context, std::string_view head, std::string_view text,
                  std::string_view tail, const char* file) {
    if (is_plainly_balanced(text)) {
        return true;
    }
    std::string source(head);
    source.append(text).append(tail);
    const js::Value parsed(context, evaluate(context, source, file, JS_EVAL_FLAG_COMPILE_ONLY));
    return !parsed.is_exception();
}

std::string wrap(std::string_view head, std::string_view text, std::string_view tail) {
    std::string source;
    source.reserve(head.size() + text.size() + tail.size());
    return source.append(head).append(text).append(tail);
}

Compiled compile_value(JSContext* context, std::string_view text, const char* file) {
    // Padded, so that both readings place an error alike.
    if (!stands_alone(context, "    0,", text, "\n", file)) {
        return {js::exception(), 0, 6};
    }
    return {evaluate(context, wrap(kValueHead, text, "\n)"), file, 0), 0,
            static_cast<std::uint32_t>(kValueHead.size())};
}

Compiled compile_location(JSContext* context, std::string_view text, const char* file) {
    if (!stands_alone(context, "0,", text, "\n", file)) {
        return {js::exception(), 0, 2};
    }
    return {evaluate(context, wrap(kLocationHead, text, "\n=$value}"), file, JS_EVAL_FLAG_STRICT),
            0, static_cast<std::uint32_t>(kLocationHead.size())};
}

Compiled compile_script(JSContext* context, std::string_view text, const char* file) {
    // Always parsed alone: blocks allow things that scripts do not, such as return.
    const std::string alone(text);
    const js::Value parsed(context, evaluate(context, alone, file, JS_EVAL_FLAG_COMPILE_ONLY));
    if (parsed.is_exception()) {
        return {js::exception(), 0, 0};
    }
    const ScopedScript script = move_declarations_to_scope(text);
    std::string head = "($scope)=>{";
    for (const std::string& name : script.variables) {
        head.append("if(!('").append(name).append("' in $scope))");
        head.append("$scope.").append(name).append("=undefined;");
    }
    head += "with($scope){";
    for (const std::string& name : script.functions) {
        head.append("$scope.").append(name).append("=").append(name).append(";");
    }
    head += '\n';
    return {evaluate(context, wrap(head, script.text, "\n}}"), file, 0), 1, 0};
}

// Functions stored by source: expressions and declarations as they are; the shorthand of methods,
// getters and setters only inside an object.
Compiled compile_function(JSContext* context, std::string_view text, const char* file) {
    Compiled compiled = compile_value(context, text, file);
    if (js::tag_of(compiled.function) != JS_TAG_EXCEPTION) {
        return compiled;
    }
    if (!stands_alone(context, "({", text, "})", file)) {
        return compiled;
    }
    JS_FreeValue(context, JS_GetException(context));
    return {evaluate(context, wrap(kMethodHead, text, "\n})"), file, 0), 0,
            static_cast<std::uint32_t>(kMethodHead.size())};
}

}  // namespace

Compiled compile(JSContext* context, Wrapping wrapping, std::string_view text, const char* file) {
    switch (wrapping) {
        case Wrapping::kValue:
            return compile_value(context, text, file);
        case Wrapping::kLocation:
            return compile_location(context, text, file);
        case Wrapping::kScript:
            return compile_script(context, text, file);
        case Wrapping::kFunction:
            break;
    }
    return compile_function(context, text, file);
}

}  // namespace fermata::script
