#include "app/redis_figures.h"

#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/metrics.h"

namespace fermata::app {
namespace {

using testing::HasSubstr;

TEST(RedisFiguresTest, EachIsInTheReferenceAndViceVersa) {
    std::set<std::string> exported;
    for (const api::Metric& metric : redis_figures(redis::Status(), {})) {
        exported.insert(std::string(metric.name));
    }

    std::set<std::string> documented;
    std::ifstream page(FERMATA_SOURCE_DIR "/docs/reference/metrics.md");
    bool of_redis = false;
    for (std::string line; std::getline(page, line);) {
        of_redis = line.starts_with("## ") ? line == "## Of the store on Redis" : of_redis;
        if (of_redis && line.starts_with("| `")) {
            documented.insert(line.substr(3, line.find('`', 3) - 3));
        }
    }

    EXPECT_EQ(exported, documented);
}

TEST(RedisFiguresTest, TellsOfEachPrimary) {
    redis::Status status;
    status.slots_missing = 5461;
    redis::PrimaryStatus ready;
    ready.address = {"redis1", 6379};
    ready.state = redis::PrimaryState::kReady;
    ready.replicas = 2;
    redis::PrimaryStatus lost;
    lost.address = {"::1", 7000};
    lost.degraded = true;
    lost.oldest_unanswered = std::chrono::milliseconds(1500);
    status.primaries = {ready, lost};
    status.counters.degraded_requests = 7;
    redis_store::RedoCounters redo;
    redo.calls_redone = 9;
    redo.logged_bytes = 4096;

    const std::string text = api::format_metrics(redis_figures(status, redo));

    EXPECT_THAT(text, HasSubstr("fermata_redis_primary_ready{primary=\"redis1:6379\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("fermata_redis_primary_ready{primary=\"[::1]:7000\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("fermata_redis_primary_replicas{primary=\"redis1:6379\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("fermata_redis_primary_degraded{primary=\"[::1]:7000\"} 1\n"));
    EXPECT_THAT(text,
                HasSubstr("fermata_redis_primary_oldest_seconds{primary=\"[::1]:7000\"} 1.5\n"));
    EXPECT_THAT(text, HasSubstr("\nfermata_redis_slots_missing 5461\n"));
    EXPECT_THAT(text, HasSubstr("\nfermata_redis_short_waits_total 7\n"));
    EXPECT_THAT(text, HasSubstr("\nfermata_redis_commits_redone_total 9\n"));
    EXPECT_THAT(text, HasSubstr("\nfermata_redis_replay_bytes 4096\n"));
}

}  // namespace
}  // namespace fermata::app
