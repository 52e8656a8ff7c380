// Trace: what happened in a run, one line each, for whoever looks into a failure.
#pragma once

#include <string>

#include "cluster/action.h"

namespace fermata::cluster::sim {

// Empty for what happens all the time.
std::string describe(const Action& action);

}  // namespace fermata::cluster::sim
