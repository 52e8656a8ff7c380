// Status: what an instance knows of its cluster, for people and metrics.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/timing.h"
#include "store/nodes.h"

namespace fermata::cluster {

enum class Role : std::uint8_t {
    kJoining,  // finds out what there is
    kStandby,  // another instance acts as this node
    kActing,
    kRefused,  // does not fit this cluster; see Status::refusal
    kLeft,
};
std::string_view to_string(Role role);  // "joining", "standby", "acting", "refused", "left"

struct NodeStatus {
    store::NodeRecord record;
    bool alive = false;            // not marked dead, and not seen standing still for too long
    Steady age{0};                 // since its beat was last seen to change
    std::uint32_t partitions = 0;  // that it owns
};

// All since the process started.
struct Counters {
    std::uint64_t suspensions = 0;    // leases that ran out
    std::uint64_t resumptions = 0;    // suspensions that ended without losing the record
    std::uint64_t records_lost = 0;   // another took or marked the own record
    std::uint64_t declared_dead = 0;  // instances that this one marked dead
    std::uint64_t takeovers = 0;      // records of an own node's former instance taken over
    std::uint64_t claims = 0;         // accepted
    std::uint64_t releases = 0;       // accepted
};

struct Status {
    Role role = Role::kJoining;
    std::string refusal;
    bool suspended = false;
    bool draining = false;
    bool settled = false;  // every partition is where it should be
    Steady lease_left{0};  // 0 when there is none
    std::uint32_t partitions_held = 0;
    // Of session records that are written here: one that every instance can read (FormatChoice).
    std::uint32_t format_written = 0;
    Counters counters;
    std::vector<NodeStatus> nodes;
    std::vector<store::Ownership> owners;  // by partition; empty while unknown
};

}  // namespace fermata::cluster
