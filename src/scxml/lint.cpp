#include "scxml/lint.h"

namespace fermata::scxml {

void lint(const Document& document, const Chart& chart, Findings& findings) {
    FindingWriter writer(document.xml.sources, findings);
    lint_states(chart, writer);
    lint_expressions(document, chart, writer);
    lint_events(document, chart, writer);
}

}  // namespace fermata::scxml
