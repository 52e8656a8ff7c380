// XML data as a chart sees it: a read-only part of the W3C DOM over value::XmlDocument (SCXML
// B.2.1.8.2).
//
// A script object names a node of a document; the document lives as long as one of them. A node is
// the same object (===) for as long as somebody holds it. Lists are plain arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "script/quickjs_api.h"

namespace fermata::script {

class Encoder;
class Realm;

// Makes the prototype of a realm's nodes; false when out of memory.
bool add_dom(Realm& realm);
// A new reference to it: no name leads to it.
JSValue dom_prototype(Realm& realm);

// The Document of an XML text, or an exception when the text is not well formed.
JSValue create_document(Realm& realm, std::string_view xml);
// The node that `path` (child indices from the document element) leads to, in the document of
// `node`.
JSValue find_node(Realm& realm, JSValueConst document, const std::uint32_t* path, std::size_t size);

// Writes the node if `value` is one.
bool encode_node(Realm& realm, JSValueConst value, Encoder& encoder);

}  // namespace fermata::script
