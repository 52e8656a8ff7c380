#include "script/compiled_program.h"

#include <algorithm>
#include <array>

#include "script/tokens.h"

namespace fermata::script {
namespace {

constexpr std::array<std::string_view, 9> kReservedInStrictCode = {
    "let",     "static",  "yield",     "implements", "interface",
    "package", "private", "protected", "public"};

bool is_name_character(char character, bool first) {
    const bool letter = (character >= 'a' && character <= 'z') ||
                        (character >= 'A' && character <= 'Z') || character == '_' ||
                        character == '$';
    return letter || (!first && character >= '0' && character <= '9');
}

}  // namespace

std::string_view trim(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const std::size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_simple_name(std::string_view text) {
    if (text.empty() || is_keyword(text) ||
        std::find(kReservedInStrictCode.begin(), kReservedInStrictCode.end(), text) !=
            kReservedInStrictCode.end() ||
        text == "eval" || text == "arguments" || text == "await") {
        return false;
    }
    bool first = true;
    return std::all_of(text.begin(), text.end(), [&first](char character) {
        return is_name_character(character, std::exchange(first, false));
    });
}

CompiledProgram::CompiledProgram(std::shared_ptr<const Program> program, JSContext* context)
    : program_(std::move(program)),
      context_(context),
      entries_(program_->expressions.size()),
      data_names_(program_->data_ids.size()) {}

CompiledProgram::~CompiledProgram() {
    for (const Entry& entry : entries_) {
        JS_FreeValue(context_, entry.function);
        JS_FreeValue(context_, entry.setter);
        JS_FreeAtom(context_, entry.name);
    }
    for (const JSAtom name : data_names_) {
        JS_FreeAtom(context_, name);
    }
}

bool CompiledProgram::compile_function(ExpressionId id) {
    Entry& entry = entries_[id];
    if (js::tag_of(entry.function) != JS_TAG_UNDEFINED) {
        return true;
    }
    const Expression& expression = program_->expressions[id];
    const Wrapping wrapping =
        expression.kind == ExpressionKind::kScript ? Wrapping::kScript : Wrapping::kValue;
    const Compiled compiled = compile(context_, wrapping, expression.text, file_name(id).c_str());
    entry.lines = static_cast<std::uint16_t>(compiled.lines);
    entry.columns = static_cast<std::uint16_t>(compiled.columns);
    if (js::tag_of(compiled.function) == JS_TAG_EXCEPTION) {
        return false;
    }
    entry.function = compiled.function;
    return true;
}

bool CompiledProgram::compile_setter(ExpressionId id) {
    Entry& entry = entries_[id];
    if (entry.name != JS_ATOM_NULL || js::tag_of(entry.setter) != JS_TAG_UNDEFINED) {
        return true;
    }
    const std::string_view text = trim(program_->expressions[id].text);
    if (is_simple_name(text)) {
        entry.name = JS_NewAtomLen(context_, text.data(), text.size());
        return entry.name != JS_ATOM_NULL;
    }
    const Compiled compiled = compile(context_, Wrapping::kLocation, text, file_name(id).c_str());
    entry.lines = static_cast<std::uint16_t>(compiled.lines);
    entry.columns = static_cast<std::uint16_t>(compiled.columns);
    if (js::tag_of(compiled.function) == JS_TAG_EXCEPTION) {
        return false;
    }
    entry.setter = compiled.function;
    return true;
}

JSAtom CompiledProgram::data_name(DataIndex data) {
    JSAtom& name = data_names_[data];
    if (name == JS_ATOM_NULL) {
        const std::string& id = program_->data_ids[data];
        name = JS_NewAtomLen(context_, id.data(), id.size());
    }
    return name;
}

}  // namespace fermata::script
