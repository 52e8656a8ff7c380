// Which elements and attributes SCXML 3 to 6 allows, and where.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "scxml/rule_ids.h"
#include "scxml/validate.h"
#include "scxml/validate_walk.h"

namespace fermata::scxml {

namespace {

using value::XmlIndex;
using value::XmlKind;
using value::XmlNode;

enum class Inside : std::uint8_t {
    kElements,    // only the children listed
    kExecutable,  // executable content, and the children listed
    kText,        // text
    kPayload,     // anything: data for the session
};

// One element of the specification. Lists are separated by blanks.
struct ElementRule {
    std::string_view name;
    std::string_view required;  // attributes
    std::string_view optional;  // attributes
    std::string_view children;
    std::string_view single;  // those of `children` that may stand there only once
    Inside inside = Inside::kElements;
};

constexpr std::string_view kExecutable = "raise if foreach log assign script send cancel";

constexpr std::array kElements{
    ElementRule{"scxml", "version", "initial name datamodel binding profile exmode",
                "state parallel final datamodel script transition", "script", Inside::kElements},
    ElementRule{"state", "", "id initial",
                "onentry onexit transition initial state parallel final history datamodel invoke",
                "initial", Inside::kElements},
    ElementRule{"parallel", "", "id",
                "onentry onexit transition state parallel history datamodel invoke", "",
                Inside::kElements},
    ElementRule{"transition", "", "event cond target type", "", "", Inside::kExecutable},
    ElementRule{"initial", "", "", "transition", "", Inside::kElements},
    ElementRule{"final", "", "id", "onentry onexit donedata", "donedata", Inside::kElements},
    ElementRule{"onentry", "", "", "", "", Inside::kExecutable},
    ElementRule{"onexit", "", "", "", "", Inside::kExecutable},
    ElementRule{"history", "", "id type", "transition", "", Inside::kElements},
    ElementRule{"raise", "event", "", "", "", Inside::kElements},
    ElementRule{"if", "cond", "", "elseif else", "else", Inside::kExecutable},
    ElementRule{"elseif", "cond", "", "", "", Inside::kElements},
    ElementRule{"else", "", "", "", "", Inside::kElements},
    ElementRule{"foreach", "array item", "index", "", "", Inside::kExecutable},
    ElementRule{"log", "", "label expr", "", "", Inside::kElements},
    ElementRule{"datamodel", "", "", "data", "", Inside::kElements},
    ElementRule{"data", "id", "src expr", "", "", Inside::kPayload},
    ElementRule{"assign", "location", "expr src", "", "", Inside::kPayload},
    ElementRule{"donedata", "", "", "content param", "content", Inside::kElements},
    ElementRule{"content", "", "expr", "", "", Inside::kPayload},
    ElementRule{"param", "name", "expr location", "", "", Inside::kElements},
    ElementRule{"script", "", "src", "", "", Inside::kText},
    ElementRule{"send", "",
                "event eventexpr target targetexpr type typeexpr id idlocation delay delayexpr "
                "namelist",
                "content param", "content", Inside::kElements},
    ElementRule{"cancel", "", "sendid sendidexpr", "", "", Inside::kElements},
    ElementRule{"invoke", "", "type typeexpr src srcexpr id idlocation namelist autoforward",
                "param finalize content", "finalize content", Inside::kElements},
    ElementRule{"finalize", "", "", "", "", Inside::kExecutable},
};

// Namespaces by which editors keep pictures inside a chart: decoration wherever it stands.
constexpr std::array<std::string_view, 3> kDecoration{
    "http://www.qt.io/2015/02/scxml-ext",
    "http://www.qt.io/2015/02/scxml-metadata",
    "http://commons.apache.org/scxml-gui",
};

const ElementRule* find_rule(std::string_view name) {
    const auto* found = std::find_if(kElements.begin(), kElements.end(),
                                     [&](const ElementRule& rule) { return rule.name == name; });
    return found == kElements.end() ? nullptr : found;
}

bool lists(std::string_view list, std::string_view word) {
    const std::vector<std::string_view> known = split_words(list);
    return std::find(known.begin(), known.end(), word) != known.end();
}

// Levenshtein distance; the words are element and attribute names, and long ones are not compared.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t at = 0; at <= b.size(); ++at) {
        row[at] = at;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

// "did you mean <state>?"; empty when nothing is near.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
    constexpr std::size_t kLongest = 32;
    std::string_view best;
    std::size_t best_distance = 3;
    for (const std::string_view candidate : known) {
        if (word.size() > kLongest || word.size() < 3) {
            continue;
        }
        const std::size_t apart = distance(word, candidate);
        if (apart < best_distance) {
            best = candidate;
            best_distance = apart;
        }
    }
    return best.empty() ? std::string() : fmt::format("did you mean {}?", best);
}

std::string parents_of(std::string_view name) {
    std::string parents;
    for (const ElementRule& rule : kElements) {
        const bool allowed = lists(rule.children, name) ||
                             (rule.inside == Inside::kExecutable && lists(kExecutable, name));
        if (allowed) {
            parents += fmt::format("{}<{}>", parents.empty() ? "" : ", ", rule.name);
        }
    }
    return parents.empty() ? "<scxml> is the document element" : "it may stand in " + parents;
}

class Grammar {
  public:
    Grammar(const value::XmlDocument& xml, const ActionRegistry* actions, Findings& findings)
        : xml_(xml), actions_(actions), writer_(xml.sources, findings) {}

    // `index` is an SCXML element with a rule. Recursion is bounded by max-xml-depth.
    void check(XmlIndex index, const ElementRule& rule) {
        const XmlNode& element = xml_.at(index);
        check_attributes(element, rule);
        if (rule.inside == Inside::kPayload) {
            return;
        }
        std::set<std::string_view> seen;
        for (const XmlIndex child : element.children) {
            const XmlNode& node = xml_.at(child);
            if (!node.is_element()) {
                check_text(node, element, rule);
                continue;
            }
            const ElementRule* child_rule = check_child(node, element, rule);
            if (child_rule == nullptr) {
                continue;
            }
            if (!seen.insert(child_rule->name).second && lists(rule.single, child_rule->name)) {
                writer_.error(node.place, rule::kRepeatedElement,
                              fmt::format("<{}> has a second <{}>", element.name, node.name));
            }
            check(child, *child_rule);
        }
    }

  private:
    // The rule of a child that should be looked into; null when it is not SCXML's or must not be
    // there.
    const ElementRule* check_child(const XmlNode& node, const XmlNode& parent,
                                   const ElementRule& parent_rule) {
        if (node.ns.empty()) {
            writer_.error(node.place, rule::kMissingNamespace,
                          fmt::format("<{}> has no namespace", node.name),
                          "remove xmlns=\"\", or declare the namespace of its prefix");
            return nullptr;
        }
        if (node.ns != kScxmlNamespace) {
            check_foreign(node, parent_rule);
            return nullptr;
        }
        const ElementRule* rule = find_rule(node.name);
        if (rule == nullptr) {
            std::vector<std::string_view> names;
            std::transform(kElements.begin(), kElements.end(), std::back_inserter(names),
                           [](const ElementRule& known) { return known.name; });
            writer_.error(node.place, rule::kUnknownElement,
                          fmt::format("SCXML has no element <{}>", node.name),
                          suggestion(node.name, names));
            return nullptr;
        }
        const bool allowed =
            lists(parent_rule.children, node.name) ||
            (parent_rule.inside == Inside::kExecutable && lists(kExecutable, node.name));
        if (!allowed) {
            writer_.error(node.place, rule::kMisplacedElement,
                          fmt::format("<{}> cannot stand in <{}>", node.name, parent.name),
                          parents_of(node.name));
            return nullptr;
        }
        return rule;
    }

    void check_foreign(const XmlNode& node, const ElementRule& parent_rule) {
        const bool is_decoration =
            parent_rule.inside != Inside::kExecutable ||
            std::find(kDecoration.begin(), kDecoration.end(), node.ns) != kDecoration.end();
        const bool is_known = actions_ != nullptr && actions_->find(node.ns, node.name) != nullptr;
        if (is_decoration || is_known) {
            return;
        }
        const std::string tag = node.prefix.empty() ? node.name : node.prefix + ":" + node.name;
        writer_.error(
            node.place, rule::kUnknownAction,
            fmt::format("executable content <{}> of namespace {} is not available in this "
                        "build",
                        tag, node.ns));
    }

    void check_text(const XmlNode& node, const XmlNode& parent, const ElementRule& parent_rule) {
        const bool is_text = node.kind == XmlKind::kText || node.kind == XmlKind::kCdata;
        if (is_text && parent_rule.inside != Inside::kText && !is_blank(node.text)) {
            writer_.warning(node.place, rule::kUnexpectedText,
                            fmt::format("text in <{}> means nothing", parent.name),
                            "make it a comment, or put it into <script>, <data> or <content>");
        }
    }

    void check_attributes(const XmlNode& element, const ElementRule& rule) {
        for (const value::XmlAttribute& attribute : element.attributes) {
            // SCXML 3: attributes of other namespaces are nobody's business here.
            if (attribute.ns.empty()) {
                check_attribute(element, rule, attribute.name);
            }
        }
        for (const std::string_view name : split_words(rule.required)) {
            if (element.find_attribute(name) == nullptr) {
                writer_.error(element.place, rule::kMissingAttribute,
                              fmt::format("<{}> needs attribute {}", element.name, name));
            }
        }
    }

    void check_attribute(const XmlNode& element, const ElementRule& rule, std::string_view name) {
        if (name == "profile" || name == "exmode") {
            writer_.warning(
                element.place, rule::kObsoleteAttribute,
                fmt::format("attribute {} of drafts before SCXML 1.0 means nothing", name),
                "remove it");
        }
        if (lists(rule.required, name) || lists(rule.optional, name)) {
            return;
        }
        std::vector<std::string_view> known = split_words(rule.required);
        const std::vector<std::string_view> optional = split_words(rule.optional);
        known.insert(known.end(), optional.begin(), optional.end());
        writer_.error(element.place, rule::kUnknownAttribute,
                      fmt::format("<{}> has no attribute {}", element.name, name),
                      suggestion(name, known));
    }

    const value::XmlDocument& xml_;
    const ActionRegistry* actions_;
    FindingWriter writer_;
};

}  // namespace

void validate_grammar(const value::XmlDocument& xml, const ActionRegistry* actions,
                      Findings& findings) {
    Grammar(xml, actions, findings).check(0, kElements[0]);
}

}  // namespace fermata::scxml
