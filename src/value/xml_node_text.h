// The text of one node of an XML document, for kXmlNode values.
#pragma once

#include <optional>
#include <string>

#include "value/encoding.h"
#include "value/xml.h"

namespace fermata::value {

// `path`: a count, then child indices from the document element down, comments and texts counted.
// Nothing when the document has no such node.
std::optional<std::string> xml_node_text(const XmlDocument& document, Reader path);

}  // namespace fermata::value
