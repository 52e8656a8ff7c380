// Lint: what loads and runs, but is surely not meant. Warnings and notes only; never a reason to
// refuse a document.
//
//   lint_states.cpp        states, transitions: where the chart can be and what it can take
//   lint_expressions.cpp   expressions and the names in them
//   lint_events.cpp        sends, cancels, events
//
// Every rule keeps silent where it is not certain: a chart with eval() may declare anything.
// Cost: a script engine of its own per call, so for tools and not for the running server.
#pragma once

#include "scxml/chart.h"
#include "scxml/document.h"
#include "scxml/finding.h"

namespace fermata::scxml {

void lint(const Document& document, const Chart& chart, Findings& findings);

void lint_states(const Chart& chart, FindingWriter& writer);
void lint_expressions(const Document& document, const Chart& chart, FindingWriter& writer);
void lint_events(const Document& document, const Chart& chart, FindingWriter& writer);

}  // namespace fermata::scxml
