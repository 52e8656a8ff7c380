// Topology: which node serves which slots, as one node of the cluster sees it.
//
// Decoders take any reply, however malformed: kCorrupt, never more.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "redis/address.h"
#include "redis/reply.h"
#include "redis/slot.h"

namespace fermata::redis {

struct SlotRange {
    Slot first = 0;
    Slot last = 0;  // included

    bool operator==(const SlotRange&) const = default;
};

struct Node {
    Address address;  // the announced host name where there is one
    std::string ip;   // another way to reach it, should the name not resolve; may be empty
    std::string id;   // of the cluster; empty for a stand-alone server

    bool operator==(const Node&) const = default;
};

// A primary with its replicas and what it serves.
struct Shard {
    Node primary;
    std::vector<Node> replicas;
    std::vector<SlotRange> slots;

    bool operator==(const Shard&) const = default;
};

struct Topology {
    bool is_cluster = true;
    // Raised by every failover; an answer with a lower one comes from a node that missed it.
    std::uint64_t epoch = 0;
    std::vector<Shard> shards;  // those that serve slots
    // Primaries that are well and serve none, as a node that has just been added; CLUSTER SLOTS
    // does not tell them.
    std::vector<Node> idle;
};

// How the node that answered was reached: its own host may be missing in its answer, and ports
// differ with TLS.
struct AskedNode {
    std::string host;
    bool is_tls = false;
};

// CLUSTER SHARDS (Redis 7.0).
Result<Topology> decode_cluster_shards(ReplyView reply, const AskedNode& asked);
// CLUSTER SLOTS, where the former is missing or forbidden.
Result<Topology> decode_cluster_slots(ReplyView reply, const AskedNode& asked);
// cluster_current_epoch of CLUSTER INFO; 0 when it is not there.
std::uint64_t cluster_epoch(std::string_view cluster_info);
// One server that serves everything.
Topology standalone_topology(const Address& address);

// One line of CLUSTER NODES: how the node that answered sees another one.
struct SeenNode {
    std::string id;
    bool is_primary = false;
    bool is_suspected = false;  // failing, or perhaps failing, or never met
    bool is_linked = false;
    std::chrono::milliseconds heard_at{0};  // its last pong, on the answering node's clock
    std::vector<SlotRange> slots;
};
// Lines that are malformed are left out.
std::vector<SeenNode> decode_cluster_nodes(std::string_view text);

// What a node is moving, by its own line of CLUSTER NODES: nobody else says it.
struct MovingSlots {
    struct Mark {
        Slot slot = 0;
        std::string other;  // the node's id that it goes to, or comes from

        bool operator==(const Mark&) const = default;
    };
    std::string id;  // of the node that says so
    std::vector<Mark> leaving;
    std::vector<Mark> importing;
};
MovingSlots decode_moving_slots(std::string_view text);

}  // namespace fermata::redis
