// Random charts, run in lockstep by our interpreter and by Qt SCXML: after every event both must be
// in the same states and must have done the same things in the same order.
//
// Number of charts and seed come from RC_PARAMS ("max_success=500 seed=1"); rapidcheck prints the
// seed.
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <map>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "differential/peer.h"
#include "differential/peer_faults.h"
#include "differential/random_chart.h"
#include "differential/run_chart.h"

namespace fermata::differential {
namespace {

// A failure is shrunk by running ever smaller charts, so many at most: a large one could go on for
// many minutes.
constexpr std::size_t kShrinkRunsMax = 1'500;

// What a shrunk failure looks like: a document, its events, and where the two part.
std::string describe(const RandomChart& chart, const Trace& ours, const Trace& theirs) {
    std::ostringstream text;
    text << chart.scxml;
    for (std::size_t at = 0; at < ours.size() || at < theirs.size(); ++at) {
        const std::string our_line = at < ours.size() ? ours[at] : "(nothing)";
        const std::string their_line = at < theirs.size() ? theirs[at] : "(nothing)";
        text << (at == 0 ? "start" : chart.events[at - 1]) << "\n  fermata " << our_line << "\n";
        if (our_line != their_line) {
            text << "  peer    " << their_line << "   <-- differs\n";
            break;
        }
    }
    return text.str();
}

TEST(DifferentialTest, RandomChartsRunAsTheyDoInThePeer) {
    Peer peer(FERMATA_PEER);
    ChartRunner runner;
    std::map<std::string, std::size_t> explained;
    std::size_t equal = 0;
    std::size_t shrink_runs = 0;

    const bool passed = rc::check([&] {
        if (shrink_runs > 0 && ++shrink_runs > kShrinkRunsMax) {
            return;
        }
        const auto bytes = *rc::gen::resize(600, rc::gen::arbitrary<std::vector<std::uint8_t>>());
        const RandomChart chart = grow_chart(bytes);
        const Trace ours = runner.run(chart);
        const Trace theirs = peer.run(chart);
        if (ours == theirs) {
            ++equal;
            return;
        }
        const std::string fault = explain(chart, ours, theirs);
        if (fault.empty()) {
            shrink_runs = std::max<std::size_t>(shrink_runs, 1);
            RC_FAIL(describe(chart, ours, theirs));
        }
        ++explained[fault];
    });

    std::cout << equal << " charts ran alike\n";
    for (const auto& [fault, count] : explained) {
        std::cout << count << " differ by the peer's fault " << fault << "\n";
    }
    EXPECT_TRUE(passed);
}

}  // namespace
}  // namespace fermata::differential
