// CompiledProgram: what one realm has compiled of a chart's expressions so far.
//
// Everything is made at first use, so that a chart that was just opened costs next to nothing.
// Ownership: the Engine owns those of its shared realm, a session with its own realm owns its own.
// Threads: one owner at a time. Must go before its realm's context.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "script/compile.h"
#include "script/program.h"
#include "script/quickjs_api.h"

namespace fermata::script {

class CompiledProgram {
  public:
    struct Entry {
        JSValue function = js::undefined();  // what evaluates or runs it
        JSValue setter = js::undefined();    // what assigns to it
        JSAtom name = JS_ATOM_NULL;          // of a location that is one variable
        std::uint16_t lines = 0;             // what stands before the text in `function` …
        std::uint16_t columns = 0;
    };

    CompiledProgram(std::shared_ptr<const Program> program, JSContext* context);
    CompiledProgram(const CompiledProgram&) = delete;
    CompiledProgram& operator=(const CompiledProgram&) = delete;
    ~CompiledProgram();

    [[nodiscard]] const Program& program() const { return *program_; }
    // False with an exception pending when the text is wrong; nothing is kept then, but the place.
    bool compile_function(ExpressionId id);
    bool compile_setter(ExpressionId id);
    [[nodiscard]] const Entry& entry(ExpressionId id) const { return entries_[id]; }
    // Of a data item.
    [[nodiscard]] JSAtom data_name(DataIndex data);
    // The file name that stack traces give for an expression.
    static std::string file_name(ExpressionId id) { return "expression " + std::to_string(id); }

    [[nodiscard]] std::uint32_t sessions() const { return sessions_; }
    void add_session() { ++sessions_; }
    void remove_session() { --sessions_; }

  private:
    std::shared_ptr<const Program> program_;
    JSContext* context_;
    std::vector<Entry> entries_;
    std::vector<JSAtom> data_names_;
    std::uint32_t sessions_ = 0;
};

// A variable's name and nothing else: no keyword, no escape.
bool is_simple_name(std::string_view text);
std::string_view trim(std::string_view text);

}  // namespace fermata::script
