#include "scxml/validate.h"

#include <fmt/format.h>

#include "scxml/document.h"
#include "scxml/rule_ids.h"

namespace fermata::scxml {

namespace {

// The document element itself: everything else makes sense only when this is one of ours.
bool is_scxml_document(const value::XmlNode& root, FindingWriter& writer) {
    if (root.name == "scxml" && root.ns.empty()) {
        writer.error(root.place, rule::kMissingNamespace, "<scxml> has no namespace",
                     fmt::format("write xmlns=\"{}\"", kScxmlNamespace));
        return false;
    }
    if (!root.is_element(kScxmlNamespace, "scxml")) {
        writer.error(
            root.place, rule::kWrongRoot,
            fmt::format("the document element is <{}>, not <scxml>", root.name),
            fmt::format("an SCXML document starts with <scxml xmlns=\"{}\" version=\"1.0\">",
                        kScxmlNamespace));
        return false;
    }
    return true;
}

}  // namespace

void validate(const value::XmlDocument& xml, const LoadOptions& options, Findings& findings) {
    FindingWriter writer(xml.sources, findings);
    if (!is_scxml_document(xml.root(), writer)) {
        return;
    }
    validate_grammar(xml, options.actions, findings);
    validate_content(xml, findings);
    validate_states(xml, findings);
}

}  // namespace fermata::scxml
