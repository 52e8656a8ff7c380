#include "cluster/assignment.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace fermata::cluster {
namespace {

// Stored nowhere, but all instances of a cluster must agree: never change it.
std::uint64_t score(Partition partition, store::NodeId node) {
    std::uint64_t mixed =
        (std::uint64_t{node} << 16U | partition) * 0x9e37'79b9'7f4a'7c15U + 0x1234'5678U;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58'476d'1ce4'e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d0'49bb'1331'11ebU;
    return mixed ^ (mixed >> 31U);
}

struct Candidate {
    store::NodeId node = store::kNobody;
    std::size_t count = 0;
};

}  // namespace

std::vector<store::NodeId> assign(Partition partition_count, std::vector<store::NodeId> nodes) {
    std::vector<store::NodeId> owners(partition_count, store::kNobody);
    if (nodes.empty()) {
        return owners;
    }
    std::sort(nodes.begin(), nodes.end());
    std::vector<Candidate> candidates;
    candidates.reserve(nodes.size());
    for (const store::NodeId node : nodes) {
        candidates.push_back({node, 0});
    }
    const std::size_t shares = nodes.size() * 1000;
    const std::size_t full =
        (std::size_t{partition_count} * (1000 + kAssignmentSlackPerMille) + shares - 1) / shares;
    for (Partition partition = 0; partition < partition_count; ++partition) {
        Candidate* best = nullptr;
        std::uint64_t best_score = 0;
        for (Candidate& candidate : candidates) {
            const std::uint64_t its_score = score(partition, candidate.node);
            if (candidate.count < full && (best == nullptr || its_score > best_score)) {
                best = &candidate;
                best_score = its_score;
            }
        }
        FERMATA_CHECK(best != nullptr);  // together they may have more than there are
        ++best->count;
        owners[partition] = best->node;
    }
    return owners;
}

}  // namespace fermata::cluster
