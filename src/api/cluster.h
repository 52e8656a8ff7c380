// Cluster: what the HTTP interface asks of the cluster that this server is part of. app/ implements
// it on cluster/.
//
// Threads: any; every call is quick and never waits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/session_id.h"

namespace fermata::api {

// Who can answer for a partition.
struct Place {
    enum class Where : std::uint8_t {
        kHere,    // this instance, and its lease runs
        kNode,    // the node below, as far as is known
        kNobody,  // at the moment: events go to the partition's inbox
    } where = Where::kHere;
    std::uint32_t node = 0;
    std::string internal_url;  // base URL for other instances: "http://10.0.0.7:8077"
    std::string external_url;  // base URL for clients; empty: unknown
    std::string peer_secret;  // what proves to that instance that another one calls; empty: unknown
};

struct InstanceView {
    std::uint32_t node = 0;
    std::string role;  // "acting", "standby"
    bool self = false;
    bool alive = false;
    bool draining = false;
    std::string internal_url;
    std::string external_url;
    std::string version;
    std::uint32_t format = 0;         // newest record format in the store, as far as it knows
    std::uint32_t format_newest = 0;  // that it can read
    UnixMillis started_ms = 0;
    std::int64_t lag_ms = 0;  // since its last beat was seen
    std::uint32_t partitions = 0;
};

struct PartitionView {
    std::uint32_t node = 0;  // 0: nobody
    std::uint64_t epoch = 0;
};

struct ClusterView {
    std::string name;
    std::uint32_t node = 0;
    std::string role;     // of this instance: "joining", "standby", "acting", "refused", "left"
    std::string refusal;  // why it may not join; empty
    bool suspended = false;
    bool draining = false;
    bool drained = false;
    bool settled = false;  // every partition is where it should be
    std::int64_t lease_left_ms = 0;
    std::vector<InstanceView> instances;
    std::vector<PartitionView> partitions;  // by number; empty while unknown
};

class Cluster {
  public:
    Cluster() = default;
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;
    virtual ~Cluster() = default;

    [[nodiscard]] virtual Place place_of(Partition partition) const = 0;
    // An acting, living node that can take any new session, when this one owns nothing (standby,
    // drained); kHere when this one does.
    [[nodiscard]] virtual Place place_for_start() const = 0;
    // The node that place_of() named answered that it does not own the partition.
    virtual void doubt_owners() = 0;

    [[nodiscard]] virtual ClusterView view() const = 0;
    // Why this instance takes no work of its own: it stands by, is drained, has no lease. Empty:
    // as far as the cluster goes, it does.
    [[nodiscard]] virtual std::string not_ready_reason() const { return {}; }
    // Moves partitions of this instance to where they should be.
    virtual void rebalance() = 0;
    // Hands all partitions of this instance over; view().drained then becomes true.
    virtual void drain() = 0;
    // Somebody appended to the inbox of a partition of this instance.
    virtual void read_inbox(Partition partition) = 0;
    // What other instances prove themselves with when they call this one; empty: nobody can.
    [[nodiscard]] virtual std::string own_peer_secret() const = 0;
};

}  // namespace fermata::api
