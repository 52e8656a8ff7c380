// XInclude 1.0: replaces xi:include elements by what they name, among the resources that were
// handed in.
//
// parse="xml" (whole document, or one element by xpointer="id", element(id), element(id/2/1) or
// element(/1/2)), parse="text" with `encoding`, xi:fallback, includes inside what was included.
// References are resolved against the file that holds them; loops are refused.
//
// Limits: max-includes counts every inclusion, so a document cannot grow by including itself many
// times over; max-xml-nodes and max-xml-depth count the document with all its includes.
#pragma once

#include <string>
#include <vector>

#include "scxml/finding.h"
#include "scxml/loader.h"
#include "value/xml.h"

namespace fermata::scxml {

struct Expanded {
    value::XmlDocument xml;  // with one entry in `sources` per file; places keep theirs
    // URLs to fetch; then `xml` has gaps and nothing should be said about it yet.
    std::vector<std::string> missing;
    std::vector<std::string> used;  // URLs of the resources that were read, in order
    Findings findings;
};

Expanded expand_includes(value::XmlDocument document, const ResourceSet& resources,
                         const DocumentLimits& limits);

}  // namespace fermata::scxml
