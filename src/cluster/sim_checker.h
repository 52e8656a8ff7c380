// Checker: what must hold in every run of the simulation. It sees everything at once, as nobody in
// the cluster can.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/sim_store.h"

namespace fermata::cluster::sim {

class Checker {
  public:
    explicit Checker(Partition partitions) : floor_(partitions), claimed_(partitions) {}

    // --- of the store, when a primary applies something
    void on_claimed(Partition partition, const store::Ownership& owner, std::uint64_t instance);
    void on_applied(Time now, const CallWrite& call, const PartitionState& before);
    // The record of this instance was marked or taken over by another.
    void on_record_taken(Time now, std::uint64_t instance);

    // --- of instances and clients
    // The claimer was told.
    void on_claim_known(Partition partition, store::Epoch epoch);
    // An instance that can read records up to that format took the partition over.
    void on_loaded(const PartitionState& state, std::uint32_t format_newest);
    // Something is written in a format, while an instance that serves reads only up to another.
    void on_written(Time now, std::uint32_t format, std::uint32_t format_newest);
    // A client was told that its request is done; the partition then had that many events.
    void on_acknowledged(Partition partition, std::uint64_t request, std::size_t events,
                         bool sets_timer);
    // How many events a read that is sent now must see.
    [[nodiscard]] std::size_t floor(Partition partition) const { return floor_[partition]; }
    void on_read(Time now, Partition partition, std::size_t events, std::size_t floor);
    // Instances that may answer for the partition at this moment.
    void on_servers(Time now, Partition partition, std::size_t count);
    // It crashed, stood still, was cut off or left: it may be taken for dead until then.
    void excuse(std::uint64_t instance, Time until);
    void excuse_all(Time until);
    // The store is away for so long: marks that are on their way arrive later by that.
    void prolong_excuses(Time now, Time by);

    // --- at the end
    void finish(const Store& store, Partition partitions);
    void fail(Time now, const std::string& what);

    // The first violation; empty when there was none.
    [[nodiscard]] const std::string& violation() const { return violation_; }
    [[nodiscard]] std::size_t acknowledged() const { return acknowledged_.size(); }
    [[nodiscard]] std::uint32_t format_most() const { return format_most_; }

  private:
    struct Acknowledged {
        Partition partition = 0;
        bool sets_timer = false;
    };

    std::string violation_;
    std::map<std::pair<Partition, store::Epoch>, std::uint64_t> claimers_;
    std::map<std::uint64_t, Acknowledged> acknowledged_;
    std::vector<std::size_t> floor_;
    std::vector<store::Epoch> claimed_;  // highest epoch that a claimer was told
    std::map<std::uint64_t, Time> excused_;
    Time all_excused_ = 0;
    std::uint32_t format_most_ = 0;
};

}  // namespace fermata::cluster::sim
