// Persistence rules: what the options of [persistence] and [cluster] must be together, beyond what
// the table says of each. Every message names the options.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"
#include "base/result.h"

namespace fermata::app {

// Looks at the files that the options name, too. kInvalidArgument.
Result<void> check_persistence(const Settings& settings);

// What is allowed and still worth a line in the log: what weakens guarantees, and what has no
// effect.
std::vector<std::string> persistence_warnings(const Settings& settings);

}  // namespace fermata::app
