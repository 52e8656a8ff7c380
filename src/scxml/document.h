// Document: a parsed document after XInclude, checked and ready to be compiled. The seam between reading
// (document.cpp, xinclude.cpp, validate.cpp, lint*.cpp) and compiling (compiler.cpp).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

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
    std::string hash;        // SHA-256 over the text of every source, hex
    // Text of <script src> and <data src> by absolute URL, decoded; failures as Result errors.
    std::map<std::string, Result<std::string>> resources;
};

struct ReadOutcome {
    std::vector<std::string> missing;
    std::unique_ptr<Document> document;  // set when nothing is missing and no finding is an error
    Findings findings;
};

// Decodes, parses, resolves XInclude, chooses the dialect and validates: every element, attribute, id, target and
// nesting rule of SCXML 3 to 6. What it returns needs no further checks by the compiler.
ReadOutcome read_document(const DocumentText& text, const ResourceSet& resources, const LoadOptions& options);

// Reports what is well formed but surely not meant; needs the compiled chart for reachability.
Findings lint(const Document& document, const Chart& chart);

}  // namespace fermata::scxml
