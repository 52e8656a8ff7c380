#include "app/cluster_figures.h"

#include <fstream>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/metrics.h"

namespace fermata::app {
namespace {

using testing::HasSubstr;

TEST(ClusterFiguresTest, EachIsInTheReferenceAndViceVersa) {
    std::set<std::string> exported;
    for (const api::Metric& metric : cluster_figures({}, {}, {})) {
        exported.insert(std::string(metric.name));
    }

    std::set<std::string> documented;
    std::ifstream page(FERMATA_SOURCE_DIR "/docs/reference/metrics.md");
    bool of_cluster = false;
    for (std::string line; std::getline(page, line);) {
        of_cluster = line.starts_with("## ") ? line == "## Of the cluster" : of_cluster;
        if (of_cluster && line.starts_with("| `")) {
            documented.insert(line.substr(3, line.find('`', 3) - 3));
        }
    }

    EXPECT_EQ(exported, documented);
}

TEST(ClusterFiguresTest, TellsWhatIsKnown) {
    cluster::Status status;
    status.role = cluster::Role::kActing;
    status.lease_left = std::chrono::milliseconds(1500);
    status.partitions_held = 2;
    status.format_written = 2;
    status.owners = {{1, 5}, {1, 6}, {0, 7}};
    status.counters.takeovers = 3;
    status.nodes.resize(2);
    status.nodes.front().alive = true;

    const std::string text = api::format_metrics(cluster_figures(status, {4, 1}, {6, 2}));

    for (const char* const line :
         {"fermata_cluster_role{role=\"acting\"} 1\n", "fermata_cluster_role{role=\"standby\"} 0\n",
          "fermata_cluster_lease_left_seconds 1.5\n", "fermata_cluster_partitions_held 2\n",
          "fermata_cluster_partitions_unowned 1\n", "fermata_cluster_instances_alive 1\n",
          "fermata_cluster_takeovers_total 3\n", "fermata_cluster_hints_total 4\n",
          "fermata_cluster_hints_failed_total 1\n", "fermata_cluster_answers_total 6\n",
          "fermata_cluster_answers_failed_total 2\n", "fermata_cluster_record_format 2\n"}) {
        EXPECT_THAT(text, HasSubstr(line));
    }
}

}  // namespace
}  // namespace fermata::app
