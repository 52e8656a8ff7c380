#include "value/xml.h"

namespace fermata::value {

const std::string* XmlNode::find_attribute(std::string_view attribute_name) const {
    return find_attribute("", attribute_name);
}

const std::string* XmlNode::find_attribute(std::string_view attribute_ns,
                                           std::string_view attribute_name) const {
    for (const XmlAttribute& attribute : attributes) {
        if (attribute.name == attribute_name && attribute.ns == attribute_ns) {
            return &attribute.value;
        }
    }
    return nullptr;
}

std::string XmlDocument::text_of(XmlIndex index) const {
    std::string text;
    std::vector<XmlIndex> waiting = {index};
    while (!waiting.empty()) {
        const XmlNode& node = at(waiting.back());
        waiting.pop_back();
        if (node.kind == XmlKind::kText || node.kind == XmlKind::kCdata) {
            text.append(node.text);
        }
        waiting.insert(waiting.end(), node.children.rbegin(), node.children.rend());
    }
    return text;
}

}  // namespace fermata::value
