#include "scxml/content_compiler.h"

#include "scxml/delay.h"
#include "scxml/inline_value.h"

namespace fermata::scxml {

using script::ExpressionKind;
using value::XmlIndex;
using value::XmlNode;

namespace {

bool is_scxml(const XmlNode& node, std::string_view name) {
    return node.is_element(kScxmlNamespace, name);
}

std::uint32_t size_of(const auto& elements) {
    return static_cast<std::uint32_t>(elements.size());
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    std::vector<std::string> words;
    std::size_t at = text.find_first_not_of(kBlanks);
    while (at != std::string_view::npos) {
        const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
        words.emplace_back(text.substr(at, end - at));
        at = text.find_first_not_of(kBlanks, end);
    }
    return words;
}

Place to_place(const value::XmlPlace& place) {
    return {place.line, place.column, place.source};
}

ContentCompiler::ContentCompiler(const Document& document, ChartTables& tables,
                                 script::Program& program)
    : document_(document), xml_(document.xml), tables_(tables), program_(program) {}

BlockIndex ContentCompiler::block(XmlIndex element) {
    const std::uint32_t begin = size_of(tables_.instructions);
    sequence(element);
    tables_.blocks.push_back({begin, size_of(tables_.instructions)});
    return size_of(tables_.blocks) - 1;
}

BlockIndex ContentCompiler::script_block(XmlIndex script) {
    const std::uint32_t begin = size_of(tables_.instructions);
    compile_script(script);
    tables_.blocks.push_back({begin, size_of(tables_.instructions)});
    return size_of(tables_.blocks) - 1;
}

void ContentCompiler::sequence(XmlIndex element) {
    for (const XmlIndex child : xml_.at(element).children) {
        if (xml_.at(child).is_element() && xml_.at(child).ns == kScxmlNamespace) {
            instruction(child);
        }
    }
}

void ContentCompiler::instruction(XmlIndex element) {
    const std::string& kind = xml_.at(element).name;
    if (kind == "raise") {
        emit(Op::kRaise, name(text(element, "event"), value::EventType::kInternal), 0, element);
    } else if (kind == "if") {
        compile_if(element);
    } else if (kind == "foreach") {
        compile_foreach(element);
    } else if (kind == "log") {
        compile_log(element);
    } else if (kind == "assign") {
        compile_assign(element);
    } else if (kind == "script") {
        compile_script(element);
    } else if (kind == "send") {
        compile_send(element);
    } else if (kind == "cancel") {
        compile_cancel(element);
    }
}

// Each partition ends with a jump behind the whole <if>; each condition jumps to the next
// partition.
void ContentCompiler::compile_if(XmlIndex element) {
    std::vector<std::uint32_t> jumps_to_end;
    std::uint32_t pending =
        emit(Op::kJumpUnless, attribute(element, "cond", ExpressionKind::kCondition), 0, element);
    for (const XmlIndex child : xml_.at(element).children) {
        const XmlNode& node = xml_.at(child);
        if (!is_scxml(node, "elseif") && !is_scxml(node, "else")) {
            if (node.is_element() && node.ns == kScxmlNamespace) {
                instruction(child);
            }
            continue;
        }
        jumps_to_end.push_back(emit(Op::kJump, 0, 0, child));
        if (pending != kNone) {
            tables_.instructions[pending].b = size_of(tables_.instructions);
        }
        pending = kNone;
        if (node.name == "elseif") {
            pending = emit(Op::kJumpUnless, attribute(child, "cond", ExpressionKind::kCondition), 0,
                           child);
        }
    }
    const std::uint32_t end = size_of(tables_.instructions);
    if (pending != kNone) {
        tables_.instructions[pending].b = end;
    }
    for (const std::uint32_t jump : jumps_to_end) {
        tables_.instructions[jump].b = end;
    }
}

void ContentCompiler::compile_foreach(XmlIndex element) {
    Foreach loop;
    loop.array = attribute(element, "array", ExpressionKind::kValue);
    loop.item = text(element, "item");
    loop.index = text(element, "index");
    tables_.foreachs.push_back(std::move(loop));
    emit(Op::kForeachBegin, size_of(tables_.foreachs) - 1, 0, element);
    const std::uint32_t next = emit(Op::kForeachNext, 0, 0, element);
    sequence(element);
    emit(Op::kJump, 0, next, element);
    tables_.instructions[next].b = size_of(tables_.instructions);
    emit(Op::kForeachEnd, 0, 0, element);
}

void ContentCompiler::compile_assign(XmlIndex element) {
    const script::ExpressionId location = attribute(element, "location", ExpressionKind::kLocation);
    const XmlNode& node = xml_.at(element);
    if (node.find_attribute("expr") != nullptr) {
        emit(Op::kAssign, location, attribute(element, "expr", ExpressionKind::kValue), element);
    } else if (node.find_attribute("src") != nullptr) {
        emit(Op::kAssignValue, location, constant(resource(element)), element);
    } else {
        Constant inline_content;
        inline_content.value = inline_value(xml_, element, program_.datamodel);
        emit(Op::kAssignValue, location, constant(std::move(inline_content)), element);
    }
}

void ContentCompiler::compile_script(XmlIndex element) {
    const XmlNode& node = xml_.at(element);
    std::string code = xml_.text_of(element);
    value::XmlPlace place =
        node.children.empty() ? node.place : xml_.at(node.children.front()).place;
    if (node.find_attribute("src") != nullptr) {
        const auto found = document_.resources.find(resource_url(xml_, node));
        // A document whose scripts cannot be had is refused before it gets here (SCXML 5.8).
        if (found != document_.resources.end() && found->second) {
            code = *found->second;
            place = {1, 1, size_of(program_.sources)};
            program_.sources.push_back(found->first);
        }
    }
    emit(Op::kScript, expression(ExpressionKind::kScript, code, place), 0, element);
}

void ContentCompiler::compile_send(XmlIndex element) {
    Send send;
    send.event = source(element, "event", "eventexpr");
    send.target = source(element, "target", "targetexpr");
    send.type = source(element, "type", "typeexpr");
    send.delay = source(element, "delay", "delayexpr");
    if (!send.delay.literal.empty()) {
        send.delay_ms = parse_delay(send.delay.literal).value_or(-1);
    }
    send.id = text(element, "id");
    send.id_location = attribute(element, "idlocation", ExpressionKind::kLocation);
    send.parameters = parameters(element);
    send.content = content(element);
    const auto names_http = [](const TextSource& type) {
        return type.is_expression() || type.literal == kBasicHttpProcessor ||
               type.literal == "basichttp";
    };
    tables_.uses_basic_http = tables_.uses_basic_http || names_http(send.type);
    tables_.sends.push_back(std::move(send));
    emit(Op::kSend, size_of(tables_.sends) - 1, 0, element);
}

void ContentCompiler::compile_cancel(XmlIndex element) {
    tables_.cancels.push_back({source(element, "sendid", "sendidexpr")});
    emit(Op::kCancel, size_of(tables_.cancels) - 1, 0, element);
}

void ContentCompiler::compile_log(XmlIndex element) {
    tables_.logs.push_back(
        {text(element, "label"), attribute(element, "expr", ExpressionKind::kValue)});
    emit(Op::kLog, size_of(tables_.logs) - 1, 0, element);
}

Data ContentCompiler::data(XmlIndex element, script::DataIndex id) {
    const XmlNode& node = xml_.at(element);
    Data data;
    data.id = id;
    data.place = to_place(node.place);
    data.expression = attribute(element, "expr", ExpressionKind::kValue);
    if (data.expression != script::kNoExpression) {
        return data;
    }
    if (node.find_attribute("src") != nullptr) {
        data.constant = constant(resource(element));
    } else if (!is_blank_inside(xml_, element)) {
        Constant inline_content;
        inline_content.value = inline_value(xml_, element, program_.datamodel);
        data.constant = constant(std::move(inline_content));
    }
    return data;
}

Donedata ContentCompiler::donedata(XmlIndex element) {
    Donedata donedata;
    donedata.place = to_place(xml_.at(element).place);
    donedata.parameters = parameters(element);
    donedata.content = content(element);
    return donedata;
}

Invoke ContentCompiler::invoke(XmlIndex element, StateIndex state) {
    const XmlNode& node = xml_.at(element);
    Invoke invoke;
    invoke.state = state;
    invoke.place = to_place(node.place);
    invoke.type = source(element, "type", "typeexpr");
    invoke.source = source(element, "src", "srcexpr");
    invoke.id = text(element, "id");
    invoke.id_location = attribute(element, "idlocation", ExpressionKind::kLocation);
    invoke.parameters = parameters(element);
    invoke.autoforward = text(element, "autoforward") == "true";
    for (const XmlIndex child : node.children) {
        const XmlNode& child_node = xml_.at(child);
        if (is_scxml(child_node, "content")) {
            invoke.content.given = true;
            invoke.content.expression = attribute(child, "expr", ExpressionKind::kValue);
            if (invoke.content.expression == script::kNoExpression) {
                invoke.document = xml_.inner_xml(child);
            }
        } else if (is_scxml(child_node, "finalize")) {
            invoke.has_finalize = true;
            if (!is_blank_inside(xml_, child)) {
                invoke.finalize = block(child);
            }
        }
    }
    return invoke;
}

NameIndex ContentCompiler::name(std::string_view text, value::EventType type) {
    const std::string key = std::to_string(static_cast<int>(type)) + std::string(text);
    const auto [found, is_new] = names_.try_emplace(key, size_of(tables_.names));
    if (is_new) {
        tables_.names.push_back({std::string(text), type});
    }
    return found->second;
}

script::ExpressionId ContentCompiler::expression(ExpressionKind kind, std::string_view text,
                                                 const value::XmlPlace& place) {
    // Authors end expressions like statements (test 452); engines that evaluate text let them.
    while (kind != ExpressionKind::kScript && !text.empty() &&
           (text.back() == ';' || text.back() == ' ' || text.back() == '\n')) {
        text.remove_suffix(1);
    }
    script::Expression expression;
    expression.kind = kind;
    expression.text = text;
    expression.line = place.line;
    expression.column = place.column;
    expression.source = place.source;
    program_.expressions.push_back(std::move(expression));
    return size_of(program_.expressions) - 1;
}

script::ExpressionId ContentCompiler::attribute(XmlIndex element, std::string_view attribute_name,
                                                ExpressionKind kind) {
    const XmlNode& node = xml_.at(element);
    const std::string* found = node.find_attribute(attribute_name);
    // An empty cond or expr says nothing, as if it were not there; charts in the field have them.
    return found == nullptr || found->empty() ? script::kNoExpression
                                              : expression(kind, *found, node.place);
}

std::uint32_t ContentCompiler::emit(Op op, std::uint32_t a, std::uint32_t b, XmlIndex element) {
    tables_.instructions.push_back({op, a, b});
    tables_.instruction_places.push_back(to_place(xml_.at(element).place));
    return size_of(tables_.instructions) - 1;
}

std::string ContentCompiler::text(XmlIndex element, std::string_view attribute_name) const {
    const std::string* found = xml_.at(element).find_attribute(attribute_name);
    return found == nullptr ? std::string() : *found;
}

TextSource ContentCompiler::source(XmlIndex element, std::string_view literal,
                                   std::string_view twin) {
    return {text(element, literal), attribute(element, twin, ExpressionKind::kValue)};
}

Range ContentCompiler::parameters(XmlIndex element) {
    const XmlNode& node = xml_.at(element);
    const std::uint32_t begin = size_of(tables_.parameters);
    const auto add = [&](std::string name, std::string_view location,
                         const value::XmlPlace& place) {
        Parameter parameter;
        parameter.name = std::move(name);
        parameter.value = expression(ExpressionKind::kValue, location, place);
        parameter.location = expression(ExpressionKind::kLocation, location, place);
        parameter.place = to_place(place);
        tables_.parameters.push_back(std::move(parameter));
    };
    for (const std::string& item : split_list(text(element, "namelist"))) {
        add(item, item, node.place);
    }
    for (const XmlIndex child : node.children) {
        const XmlNode& param = xml_.at(child);
        if (!is_scxml(param, "param")) {
            continue;
        }
        if (const std::string* location = param.find_attribute("location")) {
            add(text(child, "name"), *location, param.place);
            continue;
        }
        Parameter parameter;
        parameter.name = text(child, "name");
        parameter.value = attribute(child, "expr", ExpressionKind::kValue);
        parameter.place = to_place(param.place);
        tables_.parameters.push_back(std::move(parameter));
    }
    return {begin, size_of(tables_.parameters)};
}

Content ContentCompiler::content(XmlIndex parent) {
    Content content;
    for (const XmlIndex child : xml_.at(parent).children) {
        if (!is_scxml(xml_.at(child), "content")) {
            continue;
        }
        content.given = true;
        content.expression = attribute(child, "expr", ExpressionKind::kValue);
        if (content.expression == script::kNoExpression) {
            Constant inline_content;
            inline_content.value = inline_value(xml_, child, program_.datamodel);
            content.constant = constant(std::move(inline_content));
        }
    }
    return content;
}

ConstantIndex ContentCompiler::constant(Constant constant) {
    tables_.constants.push_back(std::move(constant));
    return size_of(tables_.constants) - 1;
}

Constant ContentCompiler::resource(XmlIndex element) const {
    const std::string url = resource_url(xml_, xml_.at(element));
    Constant constant;
    const auto found = document_.resources.find(url);
    if (found == document_.resources.end()) {
        constant.failure = "cannot fetch " + url;
    } else if (!found->second) {
        constant.failure = "cannot fetch " + url + ": " + found->second.error().message();
    } else {
        constant.value = resource_value(*found->second, program_.datamodel);
    }
    return constant;
}

}  // namespace fermata::scxml
