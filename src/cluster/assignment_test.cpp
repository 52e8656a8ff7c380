#include "cluster/assignment.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <gtest/gtest.h>

namespace fermata::cluster {
namespace {

std::vector<store::NodeId> nodes_up_to(store::NodeId count) {
    std::vector<store::NodeId> nodes(count);
    std::iota(nodes.begin(), nodes.end(), 1);
    return nodes;
}

std::size_t count_moved(const std::vector<store::NodeId>& before,
                        const std::vector<store::NodeId>& after) {
    std::size_t moved = 0;
    for (std::size_t partition = 0; partition < before.size(); ++partition) {
        moved += before[partition] != after[partition] ? 1 : 0;
    }
    return moved;
}

TEST(AssignmentTest, NobodyOwnsAnythingWithoutNodes) {
    EXPECT_EQ(assign(3, {}), std::vector<store::NodeId>(3, store::kNobody));
}

TEST(AssignmentTest, OneNodeOwnsEverything) {
    EXPECT_EQ(assign(3, {9}), std::vector<store::NodeId>(3, 9));
}

TEST(AssignmentTest, TheOrderOfNodesDoesNotMatter) {
    EXPECT_EQ(assign(256, {1, 2, 3}), assign(256, {3, 1, 2}));
}

// All instances of a cluster, of whatever version, must agree.
TEST(AssignmentTest, StaysAsItIs) {
    EXPECT_EQ(assign(12, {1, 2, 3}),
              (std::vector<store::NodeId>{2, 3, 1, 2, 1, 1, 1, 2, 2, 3, 1, 2}));
}

TEST(AssignmentTest, NoNodeGetsMuchMoreThanItsShare) {
    for (store::NodeId count = 1; count <= 100; ++count) {
        std::map<store::NodeId, std::size_t> owned;
        for (const store::NodeId node : assign(256, nodes_up_to(count))) {
            ++owned[node];
        }
        const std::size_t full = (256U * 11 + count * 10 - 1) / (count * 10);
        for (const auto& [node, partitions] : owned) {
            EXPECT_LE(partitions, full) << count << " nodes, node " << node;
        }
    }
}

TEST(AssignmentTest, LittleMoreThanItsShareMovesWhenANodeComesOrGoes) {
    for (store::NodeId count = 2; count <= 20; ++count) {
        const auto with = assign(1024, nodes_up_to(count));
        const auto without = assign(1024, nodes_up_to(count - 1));
        EXPECT_LE(count_moved(with, without), 1024U * 12 / 10 / count + 8) << count << " nodes";
    }
}

}  // namespace
}  // namespace fermata::cluster
