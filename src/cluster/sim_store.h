// The store of the simulation: a model of RedisStore's servers. Two shards, each a primary with one
// replica; the nodes' records are on shard 0, partitions on both.
//
// A write is answered when the replica has it (WAIT). A failover makes the replica the primary:
// writes that it did not have are gone; nobody was answered, but others may have read them. A shard
// that is degraded answers at once, so a restart of it from an older state loses writes that were
// acknowledged; their writers repeat them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "cluster/sim_time.h"
#include "store/nodes.h"

namespace fermata::cluster::sim {

struct Timer {
    std::uint64_t id = 0;
    Time due = 0;
};

// What one commit changes. A partition stands for all its sessions.
struct Change {
    std::vector<std::uint64_t> events;  // ids of clients' requests that it took
    std::vector<Timer> timers_set;
    std::vector<std::uint64_t> timers_fired;
};

struct PartitionState {
    store::Ownership owner;
    std::uint64_t call = 0;  // of this epoch: the last applied
    std::uint64_t seq = 0;   // commits ever applied
    std::vector<std::uint64_t> events;
    std::map<std::uint64_t, Time> timers;
    std::vector<std::uint64_t> fired;
    std::uint32_t format = 0;  // the newest that anything in it was written in
};

// --- requests
struct ListNodesRead {};
struct ListOwnersRead {};  // of the shard's partitions
struct LoadRead {
    Partition partition = 0;
};
struct RemoveNodeWrite {
    store::NodeId node = 0;
    bool standby = false;
    std::uint64_t instance = 0;
};
struct ClaimWrite {
    Partition partition = 0;
    store::Ownership expected;
    store::NodeId node = 0;
    std::uint64_t instance = 0;  // for the checker only
    // Calls that the claimer had acknowledged at the expected epoch: behind without them.
    std::uint64_t calls = 0;
};
// Writes a claim again that the store forgot.
struct RedoClaimWrite {
    Partition partition = 0;
    store::Ownership owner;
};
// Commits and releases are numbered within their epoch.
struct CallWrite {
    Partition partition = 0;
    store::Epoch epoch = 0;
    std::uint64_t call = 0;
    std::uint64_t seq = 0;  // of commits
    bool release = false;
    // Without a redo log: takes whatever is there for the state before this call.
    bool forced = false;
    // Calls of this epoch that must be there already.
    std::uint64_t calls = 0;
    Change change;
    std::uint32_t format = 0;  // that it is written in
};
using Read = std::variant<ListNodesRead, ListOwnersRead, LoadRead>;
using Write = std::variant<store::NodeBeat, RemoveNodeWrite, ClaimWrite, RedoClaimWrite, CallWrite>;
using Request = std::variant<Read, Write>;

struct CallReply {
    enum class Status : std::uint8_t { kDone, kFenced, kBehind } status = Status::kDone;
    store::Epoch epoch = 0;  // stored
    std::uint64_t call = 0;
};
using Reply = std::variant<std::vector<store::NodeRecord>, std::map<Partition, store::Ownership>,
                           PartitionState, store::BeatAnswer, store::ClaimAnswer, CallReply>;

class Checker;

struct StoreBugs {
    bool no_epoch_check = false;
};

// What one shard keeps; the replica applies the same writes later.
struct ShardState {
    std::map<std::pair<store::NodeId, bool>, store::NodeRecord> nodes;
    std::map<Partition, PartitionState> partitions;
};

class Store {
  public:
    static constexpr int kShards = 2;
    using Respond = std::function<void(Reply)>;
    using Schedule = std::function<void(Time after, std::function<void()>)>;

    Store(Partition partitions, Checker& checker, const StoreBugs& bugs, Schedule schedule);

    static int shard_of(Partition partition) { return partition % kShards; }

    // A request reaches a primary. `respond` is called when it may be answered, or never.
    void receive(Time now, int shard, const Request& request, Respond respond,
                 Time replication_delay);
    // The primary is gone; later the replica is one.
    void fail(int shard);
    void fail_over(int shard);
    [[nodiscard]] bool is_up(int shard) const { return shards_[shard].up; }
    // Back as it was.
    void recover(int shard);
    // Writes are answered at once from now on, and the replica stands still; or the other way.
    void set_degraded(int shard, bool degraded);

    [[nodiscard]] const PartitionState& partition(Partition partition) const {
        return shards_[shard_of(partition)].primary.partitions.at(partition);
    }
    [[nodiscard]] const ShardState& state(int shard) const { return shards_[shard].primary; }

  private:
    struct Shard {
        ShardState primary;
        ShardState replica;
        // Writes that the replica does not have yet, with who waits for them.
        struct Pending {
            std::uint64_t number = 0;
            Time time = 0;
            Write write;
            std::optional<Reply> reply;
            Respond respond;
        };
        std::deque<Pending> pending;
        std::uint64_t next_number = 1;
        bool up = true;
        bool degraded = false;
    };

    // `observed`: by the checker, that is, on the primary.
    Reply write(ShardState& state, const Write& write, Time now, bool observed);
    Reply apply(ShardState& state, const store::NodeBeat& beat, Time now, bool observed);
    Reply apply(ShardState& state, const RemoveNodeWrite& remove, Time now, bool observed);
    Reply apply(ShardState& state, const ClaimWrite& claim, Time now, bool observed);
    Reply apply(ShardState& state, const RedoClaimWrite& claim, Time now, bool observed);
    Reply apply(ShardState& state, const CallWrite& call, Time now, bool observed);
    void replicate(int shard, std::uint64_t up_to);

    Checker& checker_;
    const StoreBugs bugs_;
    Schedule schedule_;
    std::vector<Shard> shards_;
};

}  // namespace fermata::cluster::sim
