#include "script/failure_place.h"

#include <charconv>

#include "script/engine.h"
#include "script/intrinsics.h"
#include "value/utf8.h"

namespace fermata::script {
namespace {

// Of any value, as long as a message may be.
std::string text_of(JSContext* context, JSValueConst value) {
    const js::Text text(context, value);
    if (!text.ok()) {
        JS_FreeValue(context, JS_GetException(context));
        return "(a text that is too long)";
    }
    const std::string_view beginning = text.view().substr(0, kMessageBytesMax);
    return std::string(
        beginning.substr(0, value::valid_utf8_prefix(beginning, value::Surrogates::kAllow)));
}

// The text of a property that is plain data; getters of the chart's own errors are not run.
std::string data_text(JSContext* context, JSValueConst object, const char* name) {
    const js::Value value(context, JS_GetPropertyStr(context, object, name));
    if (value.is_exception()) {
        JS_FreeValue(context, JS_GetException(context));
        return {};
    }
    const bool is_text =
        js::tag_of(value.get()) == JS_TAG_STRING || js::tag_of(value.get()) == JS_TAG_STRING_ROPE;
    return is_text ? text_of(context, value.get()) : std::string();
}

std::string message_of(JSContext* context, JSValueConst exception) {
    if (JS_IsError(context, exception) != 0) {
        const std::string name = data_text(context, exception, "name");
        const std::string message = data_text(context, exception, "message");
        return name.empty() ? message : message.empty() ? name : name + ": " + message;
    }
    if (js::tag_of(exception) == JS_TAG_OBJECT) {
        const js::Value json(
            context, JS_JSONStringify(context, exception, js::undefined(), js::undefined()));
        if (!json.is_exception()) {
            return "thrown: " + text_of(context, json.get());
        }
        JS_FreeValue(context, JS_GetException(context));
        return "thrown: an object";
    }
    return "thrown: " + text_of(context, exception);
}

// The first "<file>:<line>:<column>" of the stack; both from 1.
bool find_place(std::string_view stack, std::string_view file, std::uint32_t& line,
                std::uint32_t& column) {
    const std::string wanted = std::string(file) + ":";
    const std::size_t found = stack.find(wanted);
    if (found == std::string_view::npos) {
        return false;
    }
    const char* const end = stack.data() + stack.size();
    const auto [line_end, line_error] =
        std::from_chars(stack.data() + found + wanted.size(), end, line);
    if (line_error != std::errc() || line_end == end || *line_end != ':') {
        return false;
    }
    return std::from_chars(line_end + 1, end, column).ec == std::errc() && line > 0 && column > 0;
}

}  // namespace

Failure describe_exception(JSContext* context, JSValueConst exception, const SourcePlace& place) {
    Failure failure{FailureKind::kExecution, message_of(context, exception), 0, 0};
    std::uint32_t line = 0;
    std::uint32_t column = 0;
    if (js::tag_of(exception) != JS_TAG_OBJECT ||
        !find_place(data_text(context, exception, "stack"), place.file, line, column) ||
        line <= place.lines) {
        return failure;
    }
    failure.line = line - 1 - place.lines;
    const std::uint32_t head = failure.line == 0 ? place.columns : 0;
    failure.column = column > head ? column - 1 - head : 0;
    return failure;
}

}  // namespace fermata::script
