// Document: a parsed document after XInclude, checked and ready to be compiled. The seam between
// reading (document.cpp, xinclude.cpp, validate.cpp, lint*.cpp) and compiling (compiler.cpp).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scxml/finding.h"
#include "scxml/loader.h"
#include "value/xml.h"

namespace fermata::scxml {

inline constexpr std::string_view kScxmlNamespace = "http://www.w3.org/2005/07/scxml";
inline constexpr std::string_view kXIncludeNamespace = "http://www.w3.org/2001/XInclude";
// Attributes and elements of our own, such as fermata:realm="own".
inline constexpr std::string_view kFermataNamespace = "https://fermata.dev/scxml";

struct Document {
    value::XmlDocument xml;  // XInclude resolved
    // SHA-256, hex, over URL and bytes of the document and of every resource it uses (or that it
    // could not be had): equal hashes mean equal behaviour, relative references included.
    std::string hash;
    // Text of <script src>, <data src> and <assign src> by resource_url(), decoded; failures as
    // Result errors.
    std::map<std::string, Result<std::string>> resources;
};

struct ReadOutcome {
    std::vector<std::string> missing;
    std::unique_ptr<Document> document;  // set when nothing is missing and no finding is an error
    Findings findings;
};

// The absolute URL that attribute `src` of this element names: resolved against the file the
// element is in.
std::string resource_url(const value::XmlDocument& xml, const value::XmlNode& element);

// <content>, <data>, <assign>: what is inside is data (perhaps another SCXML document) and no part
// of this chart.
bool holds_payload(const value::XmlNode& element);

// Decodes, parses, resolves XInclude, chooses the dialect and validates: every element, attribute,
// id, target and nesting rule of SCXML 3 to 6. What it returns needs no further checks by the
// compiler.
ReadOutcome read_document(const DocumentText& text, const ResourceSet& resources,
                          const LoadOptions& options);

}  // namespace fermata::scxml
