// A small XML tree with places, on top of expat: what charts are compiled from, what XInclude works
// on, and what XML data looks like to a chart.
//
// Nodes live in one vector per document and refer to each other by index; node 0 is the document
// element. Namespaces are resolved; the prefix is kept for writing out again.
//
// Limits: DocumentLimits bounds size, depth and node count. A document type declaration that
// declares entities is refused (no billion laughs), external entities are never read.
// Encodings: UTF-8, UTF-16, ISO-8859-1, US-ASCII, windows-1252 by byte-order mark or declaration.
// Threads: a finished document is immutable and may be read from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"

namespace fermata::value {

using XmlIndex = std::uint32_t;
inline constexpr XmlIndex kNoXml = ~XmlIndex{0};

struct XmlPlace {
    std::uint32_t line = 0;    // from 1
    std::uint32_t column = 0;  // from 1, in characters of the document's encoding
    std::uint32_t source =
        0;  // index into XmlDocument::sources: which file (XInclude merges several)
};

struct XmlAttribute {
    std::string ns;      // namespace name; empty for none
    std::string prefix;  // as written
    std::string name;    // local name
    std::string value;
};

enum class XmlKind : std::uint8_t { kElement, kText, kCdata, kComment };

struct XmlNode {
    XmlKind kind = XmlKind::kElement;
    std::string ns;      // elements: namespace name
    std::string prefix;  // elements: as written
    std::string name;    // elements: local name
    std::string text;    // text, CDATA, comment: the characters
    std::vector<XmlAttribute> attributes;
    // Namespace declarations on this element: prefix ("" for the default) and namespace name.
    std::vector<std::pair<std::string, std::string>> declarations;
    XmlPlace place;
    XmlIndex parent = kNoXml;
    std::vector<XmlIndex> children;

    [[nodiscard]] bool is_element() const { return kind == XmlKind::kElement; }
    [[nodiscard]] bool is_element(std::string_view element_ns,
                                  std::string_view element_name) const {
        return is_element() && name == element_name && ns == element_ns;
    }
    // Attribute without a namespace; null when absent.
    [[nodiscard]] const std::string* find_attribute(std::string_view attribute_name) const;
    [[nodiscard]] const std::string* find_attribute(std::string_view attribute_ns,
                                                    std::string_view attribute_name) const;
};

struct XmlError {
    XmlPlace place;
    std::string message;
};

struct XmlDocument {
    std::vector<XmlNode> nodes;        // nodes[0] is the document element
    std::vector<std::string> sources;  // URLs; sources[0] is the main document

    [[nodiscard]] const XmlNode& root() const { return nodes[0]; }
    [[nodiscard]] const XmlNode& at(XmlIndex index) const { return nodes[index]; }
    // All text below a node, in document order.
    [[nodiscard]] std::string text_of(XmlIndex index) const;
    // The node as XML text, with the namespace declarations it needs to stand alone.
    [[nodiscard]] std::string to_xml(XmlIndex index) const;
    // Only what is inside the node.
    [[nodiscard]] std::string inner_xml(XmlIndex index) const;
};

// Malformed, hostile or over a limit: the error with its place.
// `keep_comments`: comments become nodes (the console and the linter want them), else they are
// dropped.
struct XmlOptions {
    DocumentLimits limits;
    bool keep_comments = false;
};
tl::expected<XmlDocument, XmlError> parse_xml(std::string_view bytes, std::string_view url,
                                              const XmlOptions& options);

// UTF-8 text from bytes in any of the encodings above (byte-order mark, else `fallback`), for
// XInclude parse="text" and fetched data. kInvalidArgument for bytes that are not of the encoding.
Result<std::string> decode_text(std::string_view bytes, std::string_view fallback = "UTF-8");

void append_escaped(std::string& out, std::string_view text, bool attribute);

}  // namespace fermata::value
