// Loading a document from a file or URL with everything it includes, for the command line.
#pragma once

#include <string>

#include "app/outside.h"
#include "base/result.h"
#include "scxml/loader.h"

namespace fermata::app {

// Fails when the document itself cannot be had; resources that cannot be had become findings.
Result<scxml::LoadOutcome> load_chart(WorldOutside& outside, const std::string& url,
                                      const scxml::LoadOptions& options);

// A policy that lets the document at `url` and what lies beside and below it be read.
void allow_surroundings(OutsidePolicy& policy, const std::string& url);

}  // namespace fermata::app
