#include "scxml/loader.h"

#include <utility>

#include "scxml/compiler.h"
#include "scxml/document.h"
#include "scxml/lint.h"

namespace fermata::scxml {

LoadOutcome load(const DocumentText& document, const ResourceSet& resources,
                 const LoadOptions& options) {
    ReadOutcome read = read_document(document, resources, options);
    LoadOutcome outcome;
    outcome.missing = std::move(read.missing);
    outcome.findings = std::move(read.findings);
    if (read.document != nullptr) {
        outcome.chart = compile(*read.document);
    }
    if (outcome.chart != nullptr && options.lint) {
        lint(*read.document, *outcome.chart, outcome.findings);
        sort_findings(outcome.findings);
    }
    return outcome;
}

}  // namespace fermata::scxml
