// Instance: one process of the simulation: a real Member, a model of RedisStore (requests that are
// repeated until answered, numbered calls, a redo log), and a model of the engine's lanes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "cluster/member.h"
#include "cluster/sim_client.h"
#include "cluster/sim_store.h"

namespace fermata::cluster::sim {

// A client's request.
struct Operation {
    enum class Kind : std::uint8_t { kEvent, kTimer, kRead } kind = Kind::kEvent;
    std::uint64_t id = 0;
    Partition partition = 0;
    std::size_t floor = 0;  // of a read: events acknowledged before it was sent
};

// Deliberate mistakes, each of which the checker must catch.
struct InstanceBugs {
    bool lease_ignored = false;  // serves on when the lease has run out
    bool no_redo = false;        // takes whatever the store went back to
    bool newest_format = false;  // writes what it can, whoever has to read it
};

class Instance {
  public:
    struct Clock {
        Time offset = 0;
        double rate = 1;
    };
    // What it needs of the world. All but now() happen later, and not when the process is gone.
    struct Outside {
        std::function<Time()> now;
        std::function<void(Time after, std::function<void()>)> schedule;
        std::function<void(int shard, Request, std::function<void(Reply)>)> send;
        std::function<void(const Operation&, std::size_t events)> answer;
        std::function<void(Partition)> on_serving;
        std::function<void(std::uint32_t format)> on_written;
        std::function<void(const Action&)> trace;  // may be empty
        Checker* checker = nullptr;
    };

    Instance(const MemberOptions& options, const Clock& clock, const InstanceBugs& bugs,
             Outside outside);

    void start() { wake(); }
    void receive(const Operation& operation);
    // Another primary serves this shard.
    void on_primary_changed(int shard);
    void drain();
    void leave();
    void rebalance();

    [[nodiscard]] const Member& member() const { return member_; }
    // It would answer a request for the partition now.
    [[nodiscard]] bool may_serve(Partition partition) const;
    [[nodiscard]] bool has_lane(Partition partition) const;
    [[nodiscard]] std::uint32_t format_newest() const { return options_.facts.format_newest; }

  private:
    enum class LaneState : std::uint8_t { kNone, kRecovering, kServing, kClosing };
    struct Lane {
        LaneState state = LaneState::kNone;
        store::Epoch epoch = 0;
        bool suspended = false;
        std::uint64_t life = 0;  // raised with every opening and dropping
        PartitionState durable;  // as acknowledged by the store
        Change building;
        std::vector<Operation> building_waiters;
        bool in_flight = false;
        Change flying;
        std::vector<Operation> flying_waiters;
        std::vector<Operation> held_answers;  // known while suspended
        std::uint64_t close_serial = 0;
    };

    [[nodiscard]] Steady local() const;
    [[nodiscard]] bool has_lease() const;
    void wake();
    void carry_out();
    void carry_out(const Beat& beat);
    void carry_out(const ListNodes& list);
    void carry_out(const ListOwners& list);
    void carry_out(const RemoveNode& remove);
    void carry_out(const Claim& claim);
    void carry_out(const Release& release);
    void carry_out(const Open& open);
    void carry_out(const SuspendAll& suspend);
    void carry_out(const Resume& resume);
    void carry_out(const Close& close);
    void carry_out(const Drop& drop);

    void on_claim(const Claim& claim, const Reply& reply);
    void on_released(const Release& release, bool fenced);

    // --- lanes
    void load(Partition partition);
    void serve(Partition partition);
    void flush(Partition partition);
    void on_committed(Partition partition, bool fenced);
    void answer(Lane& lane, const Operation& operation);
    void arm(Partition partition, const Timer& timer);
    void fire(Partition partition, std::uint64_t timer);
    void finish_closing(Partition partition);
    void lose(Partition partition);

    Outside outside_;
    const MemberOptions options_;
    const Clock clock_;
    const InstanceBugs bugs_;
    Member member_;
    Client client_;
    std::vector<Lane> lanes_;
    Time wake_at_ = -1;
};

}  // namespace fermata::cluster::sim
