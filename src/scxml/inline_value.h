// What inline content of <data>, <assign> and <content> means, and text fetched for them (SCXML
// B.2.1, tests 557, 558, 561, 562): XML, a JSON value (ECMAScript only), or a string with white
// space normalised. Decided once, when the chart is compiled.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "script/program.h"
#include "value/value.h"
#include "value/xml.h"

namespace fermata::scxml {

value::Value inline_value(const value::XmlDocument& xml, value::XmlIndex element,
                          script::DataModelKind datamodel);

// Text from a resource: XML when it is a well-formed document.
value::Value resource_value(std::string_view text, script::DataModelKind datamodel);

// Nothing inside but white space.
bool is_blank_inside(const value::XmlDocument& xml, value::XmlIndex element);

// The text that a value stands for when a document is wanted: of a string, or of XML.
std::optional<std::string> document_text(const value::Value& value);

}  // namespace fermata::scxml
