// Cluster rules: what the options of [cluster] must be together with others, beyond what the table
// says of each. Every message names the options.
#pragma once

#include <string>
#include <vector>

#include "app/settings.h"
#include "base/result.h"

namespace fermata::app {

// kInvalidArgument.
Result<void> check_cluster(const Settings& settings);

// What is allowed and still worth a line in the log.
std::vector<std::string> cluster_warnings(const Settings& settings);

}  // namespace fermata::app
