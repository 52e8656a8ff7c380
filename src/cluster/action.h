// Action: what a Member wants done. Calls of the store are answered to the method named beside
// them, with the action itself, so that late answers are recognised.
#pragma once

#include <cstdint>
#include <variant>

#include "base/session_id.h"
#include "store/nodes.h"

namespace fermata::cluster {

// Store::beat(); Member::on_beat.
struct Beat {
    store::NodeBeat beat;
};
// Store::list_nodes(); Member::on_nodes.
struct ListNodes {};
// Store::list_owners(); Member::on_owners.
struct ListOwners {};
// Store::remove_node(); the answer does not matter.
struct RemoveNode {
    store::NodeId node = store::kNobody;
    bool standby = false;
    std::uint64_t instance = 0;
};
// Store::claim_from() for the own node; Member::on_claim.
struct Claim {
    Partition partition = 0;
    store::Ownership expected;
    std::uint64_t serial = 0;
};
// Store::release(); Member::on_release.
struct Release {
    Partition partition = 0;
    store::Epoch epoch = 0;
    std::uint64_t serial = 0;
};

// Recover the partition from the store, then serve it at this epoch.
struct Open {
    Partition partition = 0;
    store::Epoch epoch = 0;
};
// The lease ran out: no answers and no effects from now on, of any partition.
struct SuspendAll {};
// The partition is still owned at the same epoch: go on as if nothing had happened.
struct Resume {
    Partition partition = 0;
};
// Take nothing new and finish what is under way; Member::on_closed when all is committed.
struct Close {
    Partition partition = 0;
    std::uint64_t serial = 0;
};
// Owned by another, or by nobody knows whom: forget it at once. Unanswered.
struct Drop {
    Partition partition = 0;
};

using Action = std::variant<Beat, ListNodes, ListOwners, RemoveNode, Claim, Release, Open,
                            SuspendAll, Resume, Close, Drop>;

}  // namespace fermata::cluster
