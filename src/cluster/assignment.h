// Assignment: which node should own which partition. A pure function of the live nodes, so that
// every instance computes the same.
#pragma once

#include <vector>

#include "base/session_id.h"
#include "store/nodes.h"

namespace fermata::cluster {

// No node gets more than its even share and this much more, in thousandths, rounded up.
inline constexpr unsigned kAssignmentSlackPerMille = 100;

// By partition; all kNobody when there are no nodes. The order of `nodes` does not matter.
//
// Rendezvous hashing with a bound: every partition goes to the node that scores highest for it
// among those that are not full. When a node comes or goes, about its share moves, and little else.
std::vector<store::NodeId> assign(Partition partition_count, std::vector<store::NodeId> nodes);

}  // namespace fermata::cluster
