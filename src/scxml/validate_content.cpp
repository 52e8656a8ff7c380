// What attribute values say, and which attributes and children exclude each other (SCXML 3.13, 4,
// 5, 6).
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "scxml/rule_ids.h"
#include "scxml/validate.h"
#include "scxml/validate_walk.h"

namespace fermata::scxml {

namespace {

using value::XmlIndex;
using value::XmlKind;
using value::XmlNode;

class Content {
  public:
    Content(const value::XmlDocument& xml, Findings& findings)
        : xml_(xml), writer_(xml.sources, findings) {}

    void operator()(const XmlNode& node, XmlIndex /*index*/) {
        static constexpr std::array<std::pair<std::string_view, void (Content::*)(const XmlNode&)>,
                                    13>
            kChecks{{{"scxml", &Content::check_scxml},
                     {"transition", &Content::check_transition},
                     {"history", &Content::check_history},
                     {"if", &Content::check_if},
                     {"data", &Content::check_data},
                     {"assign", &Content::check_assign},
                     {"donedata", &Content::check_donedata},
                     {"content", &Content::check_content},
                     {"param", &Content::check_param},
                     {"script", &Content::check_script},
                     {"send", &Content::check_send},
                     {"cancel", &Content::check_cancel},
                     {"invoke", &Content::check_invoke}}};
        for (const auto& [name, check] : kChecks) {
            if (node.name == name) {
                (this->*check)(node);
            }
        }
    }

  private:
    void check_scxml(const XmlNode& node) {
        if (attribute_of(node, "version") != "1.0") {
            writer_.error(node.place, rule::kWrongVersion,
                          fmt::format("version=\"{}\" is not 1.0", attribute_of(node, "version")));
        }
        one_of(node, "binding", {"early", "late"});
        const std::string* datamodel = node.find_attribute("datamodel");
        if (datamodel != nullptr && *datamodel != "ecmascript" && *datamodel != "null") {
            writer_.error(node.place, rule::kUnknownDatamodel,
                          fmt::format("data model {} is not available", *datamodel),
                          "use datamodel=\"ecmascript\" or datamodel=\"null\"");
        }
    }

    void check_transition(const XmlNode& node) { one_of(node, "type", {"internal", "external"}); }

    void check_history(const XmlNode& node) { one_of(node, "type", {"shallow", "deep"}); }

    // SCXML 4.3: <elseif> parts, then at most one <else> (its number is the grammar's business).
    void check_if(const XmlNode& node) {
        bool has_else = false;
        for (const XmlIndex child : node.children) {
            const XmlNode& part = xml_.at(child);
            if (has_else && part.is_element(kScxmlNamespace, "elseif")) {
                writer_.error(part.place, rule::kMisplacedElement, "<elseif> stands behind <else>",
                              "move <else> to the end of <if>");
            }
            has_else = has_else || part.is_element(kScxmlNamespace, "else");
        }
    }

    void check_data(const XmlNode& node) {
        exclusive(node, {"src", "expr"}, has_children(node) ? "children" : "");
    }

    void check_assign(const XmlNode& node) {
        exclusive(node, {"src", "expr"}, has_children(node) ? "children" : "");
    }

    void check_donedata(const XmlNode& node) {
        if (has_child(node, "content") && has_child(node, "param")) {
            conflict(node, "<content>", "<param>");
        }
    }

    void check_content(const XmlNode& node) {
        exclusive(node, {"expr"}, has_children(node) ? "children" : "");
    }

    void check_param(const XmlNode& node) {
        exclusive(node, {"expr", "location"});
        if (!has_attribute(node, "expr") && !has_attribute(node, "location")) {
            writer_.error(node.place, rule::kMissingAttribute, "<param> needs expr or location");
        }
    }

    void check_script(const XmlNode& node) {
        exclusive(node, {"src"}, has_children(node) ? "text" : "");
    }

    void check_send(const XmlNode& node) {
        exclusive(node, {"event", "eventexpr"});
        exclusive(node, {"target", "targetexpr"});
        exclusive(node, {"type", "typeexpr"});
        exclusive(node, {"id", "idlocation"});
        exclusive(node, {"delay", "delayexpr"});
        payload_is_one_kind(node);
        const bool is_delayed = has_attribute(node, "delay") || has_attribute(node, "delayexpr");
        if (is_delayed && attribute_of(node, "target") == "#_internal") {
            conflict(node, "a delay", "target #_internal");
        }
        const bool has_any = has_attribute(node, "event") || has_attribute(node, "eventexpr") ||
                             has_child(node, "content") || has_child(node, "param") ||
                             has_attribute(node, "namelist");
        if (!has_any) {
            writer_.error(node.place, rule::kMissingAttribute, "<send> sends nothing",
                          "give it event or eventexpr");
        }
    }

    void check_cancel(const XmlNode& node) {
        exclusive(node, {"sendid", "sendidexpr"});
        if (!has_attribute(node, "sendid") && !has_attribute(node, "sendidexpr")) {
            writer_.error(node.place, rule::kMissingAttribute,
                          "<cancel> needs sendid or sendidexpr");
        }
    }

    void check_invoke(const XmlNode& node) {
        exclusive(node, {"type", "typeexpr"});
        exclusive(node, {"src", "srcexpr"}, has_child(node, "content") ? "<content>" : "");
        exclusive(node, {"id", "idlocation"});
        if (has_attribute(node, "namelist") && has_child(node, "param")) {
            conflict(node, "namelist", "<param>");
        }
        one_of(node, "autoforward", {"true", "false"});
    }

    // SCXML 6.2.1: <content> instead of namelist and <param>.
    void payload_is_one_kind(const XmlNode& node) {
        if (!has_child(node, "content")) {
            return;
        }
        if (has_attribute(node, "namelist")) {
            conflict(node, "namelist", "<content>");
        }
        if (has_child(node, "param")) {
            conflict(node, "<param>", "<content>");
        }
    }

    void one_of(const XmlNode& node, std::string_view name,
                std::initializer_list<std::string_view> values) {
        const std::string* value = node.find_attribute(name);
        if (value == nullptr) {
            return;
        }
        std::string known;
        for (const std::string_view candidate : values) {
            if (*value == candidate) {
                return;
            }
            known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate);
        }
        writer_.error(
            node.place, rule::kAttributeValue,
            fmt::format("{}=\"{}\" of <{}> is not one of {}", name, *value, node.name, known));
    }

    // At most one of the attributes, and of what `children` names when it is there.
    void exclusive(const XmlNode& node, std::initializer_list<std::string_view> names,
                   std::string_view children = {}) {
        std::string_view first = children;
        for (const std::string_view name : names) {
            if (!has_attribute(node, name)) {
                continue;
            }
            if (!first.empty()) {
                conflict(node, name, first);
            }
            first = name;
        }
    }

    void conflict(const XmlNode& node, std::string_view one, std::string_view other) {
        writer_.error(node.place, rule::kConflict,
                      fmt::format("<{}> has both {} and {}", node.name, one, other),
                      "keep one of the two");
    }

    bool has_child(const XmlNode& node, std::string_view name) const {
        return !children_named(xml_, node, name).empty();
    }

    bool has_children(const XmlNode& node) const {
        for (const XmlIndex child : node.children) {
            const XmlNode& part = xml_.at(child);
            const bool is_nothing =
                part.kind == XmlKind::kComment || (!part.is_element() && is_blank(part.text));
            if (!is_nothing) {
                return true;
            }
        }
        return false;
    }

    const value::XmlDocument& xml_;
    FindingWriter writer_;
};

}  // namespace

void validate_content(const value::XmlDocument& xml, Findings& findings) {
    Content content(xml, findings);
    walk_elements(xml, 0, content);
}

}  // namespace fermata::scxml
