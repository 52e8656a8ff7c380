// Validation: is this tree an SCXML 1.0 document (SCXML 3 to 6)? Three passes, each in a file of
// its own:
//
//   validate_grammar.cpp   which elements and attributes stand where
//   validate_content.cpp   what attribute values say, and which attributes exclude each other
//   validate_states.cpp    ids, and where transitions lead
//
// What is wrong only when it happens (expressions, locations, names of events) is no business of
// these: SCXML makes it an error event of the running session, and the linter warns.
#pragma once

#include "scxml/finding.h"
#include "scxml/loader.h"
#include "value/xml.h"

namespace fermata::scxml {

void validate(const value::XmlDocument& xml, const LoadOptions& options, Findings& findings);

// The passes. The later ones rely on what the earlier ones found to be right.
void validate_grammar(const value::XmlDocument& xml, const ActionRegistry* actions,
                      Findings& findings);
void validate_content(const value::XmlDocument& xml, Findings& findings);
void validate_states(const value::XmlDocument& xml, Findings& findings);

}  // namespace fermata::scxml
