// Nodes of a cluster and who owns which partition, as the store keeps them for cluster/.
//
// A node is known by a record that its acting instance rewrites again and again (beats), and at
// most one more record of an instance that stands by for it. The store compares and sets; what the
// records mean is decided in cluster/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/session_id.h"
#include "store/records.h"

namespace fermata::store {

// Node ids are 1 … 65535; 0 stands for nobody.
using NodeId = std::uint32_t;
inline constexpr NodeId kNobody = 0;

// What others should know about an instance.
struct NodeFacts {
    std::string external_url;         // where clients reach it; may be empty
    std::string internal_address;     // base URL where other instances reach it
    std::string version;              // of the program
    std::uint32_t format = 1;         // newest of session records in the store, as far as it knows
    std::uint32_t format_newest = 1;  // that it can read
    Partition partition_count = 0;
    UnixMillis started_ms = 0;
    // What other instances prove themselves with when they call this one: whoever may read the
    // store may hint. Shown to nobody.
    std::string peer_secret;
    std::uint32_t lease_ms = 0;  // all instances must have the same

    bool operator==(const NodeFacts&) const = default;
};

struct NodeRecord {
    NodeId node = kNobody;
    bool standby = false;  // with `node` the identity of the record
    // Drawn at random by each process, never 0; 0: the instance was declared dead, and nobody has
    // taken its place.
    std::uint64_t instance = 0;
    // Raised by every write of this record, also when another instance takes it over.
    std::uint64_t beat = 0;
    bool draining = false;
    // Raised by the instance whenever its partitions change, so that others read the owners again.
    std::uint64_t changes = 0;
    NodeFacts facts;

    bool operator==(const NodeRecord&) const = default;
};

// What the writer believes to be stored.
struct BeatExpectation {
    std::uint64_t instance = 0;
    std::uint64_t beat = 0;

    bool operator==(const BeatExpectation&) const = default;
};

// Writes `record` in place of the one of the same node and role, when that one is as expected; no
// expectation: there must be none.
struct NodeBeat {
    NodeRecord record;
    std::optional<BeatExpectation> expected;
};

struct BeatAnswer {
    // Also for a repetition: the stored record has the instance and beat of the new one. Either way
    // it is durable then, whoever wrote it first.
    bool accepted = false;
    // As stored now; nothing when there is none.
    std::optional<NodeRecord> current;
};

struct Ownership {
    NodeId node = kNobody;  // nobody: released, or never claimed (then the epoch is 0)
    Epoch epoch = 0;

    bool operator==(const Ownership&) const = default;
};

// Of every partition, by number; nothing for those whose part of the store did not say in time.
using OwnerList = std::vector<std::optional<Ownership>>;

struct ClaimAnswer {
    bool accepted = false;
    Ownership current;  // accepted: the claimer with its new epoch
};

}  // namespace fermata::store
