// Simulation of the cluster: thousands of seeded schedules of crashes, pauses, cuts, failovers,
// lost and late messages, and the same with deliberate mistakes, which must be caught.
//
// FERMATA_SEED repeats one run and tells what happens in it; FERMATA_SEEDS sets how many there are.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "cluster/sim_world.h"

namespace fermata::cluster::sim {
namespace {

constexpr std::uint64_t kSeeds = 10'000;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A part of all seeds, so that parts run side by side.
void run_part(std::uint64_t part, std::uint64_t parts) {
    const std::uint64_t one = number_from("FERMATA_SEED", 0);
    const std::uint64_t seeds = number_from("FERMATA_SEEDS", kSeeds);
    Counters counters;
    std::size_t acknowledged = 0;
    Time slowest = 0;
    std::uint64_t newer = 0;
    std::uint64_t refused = 0;
    for (std::uint64_t seed = 1 + part; seed <= seeds; seed += parts) {
        const std::uint64_t chosen = one == 0 ? seed : one;
        WorldOptions options;
        options.trace = one != 0;
        const Outcome outcome = World(chosen, options).run();
        ASSERT_EQ(outcome.violation, "") << "repeat with FERMATA_SEED=" << chosen;
        acknowledged += outcome.acknowledged;
        slowest = std::max(slowest, outcome.recovered_after);
        newer += outcome.format > 1 ? 1 : 0;
        refused += outcome.refused;
        counters.resumptions += outcome.counters.resumptions;
        counters.declared_dead += outcome.counters.declared_dead;
        counters.takeovers += outcome.counters.takeovers;
        counters.releases += outcome.counters.releases;
        if (one != 0) {
            return;
        }
    }
    std::cout << acknowledged << " requests acknowledged, " << counters.resumptions
              << " suspensions survived, " << counters.declared_dead << " marked dead, "
              << counters.takeovers << " taken over by a standby, " << counters.releases
              << " partitions handed over, " << newer << " runs with a newer format, " << refused
              << " refused for it; slowest recovery " << slowest / kMillisecond << " ms\n";
    // The faults happen at all.
    const std::uint64_t runs = seeds / parts;
    EXPECT_GT(acknowledged, 50 * runs);
    EXPECT_GT(counters.resumptions, runs / 10);
    EXPECT_GT(counters.declared_dead, runs / 10);
    EXPECT_GT(counters.takeovers, runs / 10);
    EXPECT_GT(counters.releases, runs / 10);
    EXPECT_GT(newer, runs / 10);
    EXPECT_GT(refused, runs / 20);
}

TEST(ClusterSimulation, KeepsItsPromisesFirstQuarter) {
    run_part(0, 4);
}

TEST(ClusterSimulation, KeepsItsPromisesSecondQuarter) {
    run_part(1, 4);
}

TEST(ClusterSimulation, KeepsItsPromisesThirdQuarter) {
    run_part(2, 4);
}

TEST(ClusterSimulation, KeepsItsPromisesLastQuarter) {
    run_part(3, 4);
}

TEST(ClusterSimulation, RunsAreRepeatedExactly) {
    const Outcome first = World(17, {}).run();
    const Outcome second = World(17, {}).run();

    EXPECT_EQ(first.events, second.events);
    EXPECT_EQ(first.recovered_after, second.recovered_after);
}

// The first violation that a mistake leads to within so many seeds.
std::string find_violation(const WorldOptions& options, std::uint64_t seeds) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Outcome outcome = World(seed, options).run();
        if (!outcome.violation.empty()) {
            std::cout << "seed " << seed << ": " << outcome.violation << "\n";
            return outcome.violation;
        }
    }
    return "";
}

TEST(BrokenProtocol, CommitsWithoutAnEpochCheckAreCaught) {
    WorldOptions options;
    options.store_bugs.no_epoch_check = true;
    EXPECT_NE(find_violation(options, 1000), "");
}

TEST(BrokenProtocol, AnIgnoredLeaseIsCaught) {
    WorldOptions options;
    options.instance_bugs.lease_ignored = true;
    EXPECT_NE(find_violation(options, 1000), "");
}

TEST(BrokenProtocol, AMissingRedoIsCaught) {
    WorldOptions options;
    options.instance_bugs.no_redo = true;
    EXPECT_NE(find_violation(options, 1000), "");
}

TEST(BrokenProtocol, AFormatThatSomeCannotReadIsCaught) {
    WorldOptions options;
    options.instance_bugs.newest_format = true;
    EXPECT_NE(find_violation(options, 1000), "");
}

TEST(BrokenProtocol, AnObserverThatOverlooksGapsIsCaught) {
    WorldOptions options;
    options.timing.gap_per_mille = 1'000'000;
    EXPECT_NE(find_violation(options, 1000), "");
}

}  // namespace
}  // namespace fermata::cluster::sim
