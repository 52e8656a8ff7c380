// Walking a document: its SCXML elements in document order, without what is data (holds_payload)
// and without elements of other namespaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scxml/document.h"
#include "value/xml.h"

namespace fermata::scxml {

// Calls visit(const value::XmlNode&, value::XmlIndex). Recursion is bounded by max-xml-depth.
template <typename Visit>
void walk_elements(const value::XmlDocument& xml, value::XmlIndex from, Visit& visit) {
    const value::XmlNode& node = xml.at(from);
    if (!node.is_element() || node.ns != kScxmlNamespace) {
        return;
    }
    visit(node, from);
    if (holds_payload(node)) {
        return;
    }
    for (const value::XmlIndex child : node.children) {
        walk_elements(xml, child, visit);
    }
}

// An attribute's value, or empty.
std::string_view attribute_of(const value::XmlNode& node, std::string_view name);
bool has_attribute(const value::XmlNode& node, std::string_view name);

// SCXML child elements with this name.
std::vector<value::XmlIndex> children_named(const value::XmlDocument& xml,
                                            const value::XmlNode& node, std::string_view name);

// Words of a list attribute (target, event, namelist), separated by white space.
std::vector<std::string_view> split_words(std::string_view list);

bool is_blank(std::string_view text);

}  // namespace fermata::scxml
