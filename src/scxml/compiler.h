// Compiler: from a checked Document to a Chart. Cannot fail: read_document has checked everything.
#pragma once

#include <memory>

#include "scxml/chart.h"
#include "scxml/document.h"

namespace fermata::scxml {

std::shared_ptr<const Chart> compile(const Document& document);

}  // namespace fermata::scxml
