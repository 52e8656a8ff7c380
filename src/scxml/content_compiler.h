// ContentCompiler: executable content and everything else that holds expressions, into ChartTables.
//
// Part of compile(); the document is checked, so elements and attributes are taken as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scxml/chart_tables.h"
#include "scxml/document.h"

namespace fermata::scxml {

class ContentCompiler {
  public:
    // All three must outlive this object.
    ContentCompiler(const Document& document, ChartTables& tables, script::Program& program);

    // The children of `element` as one block.
    BlockIndex block(value::XmlIndex element);
    // The top-level <script>, as a block of its own.
    BlockIndex script_block(value::XmlIndex script);
    Data data(value::XmlIndex element, script::DataIndex id);
    Donedata donedata(value::XmlIndex element);
    Invoke invoke(value::XmlIndex element, StateIndex state);

    NameIndex name(std::string_view text, value::EventType type);
    script::ExpressionId expression(script::ExpressionKind kind, std::string_view text,
                                    const value::XmlPlace& place);
    // The attribute as an expression; kNoExpression when it is absent.
    script::ExpressionId attribute(value::XmlIndex element, std::string_view attribute_name,
                                   script::ExpressionKind kind);

  private:
    void sequence(value::XmlIndex element);
    void instruction(value::XmlIndex element);
    void compile_if(value::XmlIndex element);
    void compile_foreach(value::XmlIndex element);
    void compile_assign(value::XmlIndex element);
    void compile_script(value::XmlIndex element);
    void compile_send(value::XmlIndex element);
    void compile_cancel(value::XmlIndex element);
    void compile_log(value::XmlIndex element);

    std::uint32_t emit(Op op, std::uint32_t a, std::uint32_t b, value::XmlIndex element);
    [[nodiscard]] std::string text(value::XmlIndex element, std::string_view attribute_name) const;
    TextSource source(value::XmlIndex element, std::string_view literal, std::string_view twin);
    Range parameters(value::XmlIndex element);
    Content content(value::XmlIndex parent);
    ConstantIndex constant(Constant constant);
    // `src` of <data> and <assign>.
    Constant resource(value::XmlIndex element) const;

    const Document& document_;
    const value::XmlDocument& xml_;
    ChartTables& tables_;
    script::Program& program_;
    TextMap<NameIndex> names_;
};

// "  s1 s2\n" -> {"s1", "s2"}
std::vector<std::string> split_list(std::string_view text);

Place to_place(const value::XmlPlace& place);

}  // namespace fermata::scxml
