#include "cluster/sim_checker.h"

#include <algorithm>

namespace fermata::cluster::sim {

void Checker::fail(Time now, const std::string& what) {
    if (violation_.empty()) {
        violation_ = std::to_string(now / kMillisecond) + " ms: " + what;
    }
}

void Checker::on_claimed(Partition partition, const store::Ownership& owner,
                         std::uint64_t instance) {
    const auto [claimer, is_new] = claimers_.try_emplace({partition, owner.epoch}, instance);
    if (!is_new && claimer->second != instance) {
        fail(0, "two instances got epoch " + std::to_string(owner.epoch) + " of partition " +
                    std::to_string(partition));
    }
}

void Checker::on_claim_known(Partition partition, store::Epoch epoch) {
    claimed_[partition] = std::max(claimed_[partition], epoch);
}

void Checker::on_loaded(const PartitionState& state, std::uint32_t format_newest) {
    if (state.format > format_newest) {
        fail(0, "a partition with records of format " + std::to_string(state.format) +
                    " came to an instance that reads up to " + std::to_string(format_newest));
    }
}

void Checker::on_written(Time now, std::uint32_t format, std::uint32_t format_newest) {
    format_most_ = std::max(format_most_, format);
    if (format > format_newest) {
        fail(now, "format " + std::to_string(format) +
                      " is written, although an instance that serves reads up to " +
                      std::to_string(format_newest));
    }
}

void Checker::on_applied(Time now, const CallWrite& call, const PartitionState& before) {
    const std::string what = "partition " + std::to_string(call.partition) + ": a call of epoch " +
                             std::to_string(call.epoch);
    if (call.epoch != before.owner.epoch || call.epoch < claimed_[call.partition]) {
        fail(now, what + " was applied at epoch " +
                      std::to_string(std::max(before.owner.epoch, claimed_[call.partition])));
    }
    if (!call.release && call.seq != before.seq + 1) {
        fail(now, what + " makes commit " + std::to_string(call.seq) + " of commit " +
                      std::to_string(before.seq));
    }
}

void Checker::on_record_taken(Time now, std::uint64_t instance) {
    const auto excused = excused_.find(instance);
    const bool is_excused =
        now <= all_excused_ || (excused != excused_.end() && now <= excused->second);
    if (instance != 0 && !is_excused) {
        fail(now, "instance " + std::to_string(instance) +
                      " was taken for dead, although nothing was wrong with it");
    }
}

void Checker::on_acknowledged(Partition partition, std::uint64_t request, std::size_t events,
                              bool sets_timer) {
    acknowledged_[request] = {partition, sets_timer};
    floor_[partition] = std::max(floor_[partition], events);
}

void Checker::on_read(Time now, Partition partition, std::size_t events, std::size_t floor) {
    if (events < floor) {
        fail(now, "a read of partition " + std::to_string(partition) + " saw " +
                      std::to_string(events) + " events, although " + std::to_string(floor) +
                      " were acknowledged before");
    }
}

void Checker::on_servers(Time now, Partition partition, std::size_t count) {
    if (count > 1) {
        fail(now,
             std::to_string(count) + " instances serve partition " + std::to_string(partition));
    }
}

void Checker::excuse(std::uint64_t instance, Time until) {
    excused_[instance] = std::max(excused_[instance], until);
}

void Checker::excuse_all(Time until) {
    all_excused_ = std::max(all_excused_, until);
}

void Checker::prolong_excuses(Time now, Time by) {
    for (auto& [instance, until] : excused_) {
        until += until >= now ? by : 0;
    }
    all_excused_ += all_excused_ >= now ? by : 0;
}

void Checker::finish(const Store& store, Partition partitions) {
    std::map<std::uint64_t, int> applied;
    std::map<std::uint64_t, int> fired;
    for (Partition partition = 0; partition < partitions; ++partition) {
        for (const std::uint64_t event : store.partition(partition).events) {
            ++applied[event];
        }
        for (const std::uint64_t timer : store.partition(partition).fired) {
            ++fired[timer];
        }
    }
    for (const auto& [event, count] : applied) {
        if (count != 1) {
            fail(0, "request " + std::to_string(event) + " was done " + std::to_string(count) +
                        " times");
        }
    }
    for (const auto& [timer, count] : fired) {
        if (count != 1) {
            fail(0,
                 "timer " + std::to_string(timer) + " fired " + std::to_string(count) + " times");
        }
    }
    for (const auto& [request, known] : acknowledged_) {
        const PartitionState& state = store.partition(known.partition);
        if (applied.count(request) == 0) {
            fail(0, "request " + std::to_string(request) + " of partition " +
                        std::to_string(known.partition) + " was acknowledged and is lost");
        }
        if (known.sets_timer && fired.count(request) + state.timers.count(request) != 1) {
            fail(0, "timer " + std::to_string(request) + " was acknowledged and is lost");
        }
    }
}

}  // namespace fermata::cluster::sim
