// Known faults of the peer: differences that are not ours, each by a narrow rule
// (docs/internals/differential-test.md).
#pragma once

#include <string>

#include "differential/random_chart.h"
#include "differential/run_chart.h"

namespace fermata::differential {

// The name of the fault that explains the difference; empty when none does.
std::string explain(const RandomChart& chart, const Trace& ours, const Trace& theirs);

}  // namespace fermata::differential
