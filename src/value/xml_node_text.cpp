#include "value/xml_node_text.h"

namespace fermata::value {

std::optional<std::string> xml_node_text(const XmlDocument& document, Reader path) {
    XmlIndex node = 0;
    for (std::uint64_t left = path.count(); left > 0; --left) {
        const std::uint64_t child = path.varint();
        const auto& children = document.at(node).children;
        if (!path.ok() || child >= children.size()) {
            return std::nullopt;
        }
        node = children[static_cast<std::size_t>(child)];
    }
    return document.to_xml(node);
}

}  // namespace fermata::value
