#include "cluster/sim_store.h"

#include <algorithm>

#include "cluster/sim_checker.h"

namespace fermata::cluster::sim {
namespace {

Reply answer(const ShardState& state, const ListNodesRead& /*read*/) {
    std::vector<store::NodeRecord> nodes;
    for (const auto& [place, record] : state.nodes) {
        nodes.push_back(record);
    }
    return nodes;
}

Reply answer(const ShardState& state, const ListOwnersRead& /*read*/) {
    std::map<Partition, store::Ownership> owners;
    for (const auto& [number, partition] : state.partitions) {
        owners[number] = partition.owner;
    }
    return owners;
}

Reply answer(const ShardState& state, const LoadRead& read) {
    return state.partitions.at(read.partition);
}

}  // namespace

Store::Store(Partition partitions, Checker& checker, const StoreBugs& bugs, Schedule schedule)
    : checker_(checker), bugs_(bugs), schedule_(std::move(schedule)), shards_(kShards) {
    for (Partition partition = 0; partition < partitions; ++partition) {
        shards_[shard_of(partition)].primary.partitions[partition] = {};
        shards_[shard_of(partition)].replica.partitions[partition] = {};
    }
}

void Store::receive(Time now, int shard_number, const Request& request, Respond respond,
                    Time replication_delay) {
    Shard& shard = shards_[shard_number];
    if (!shard.up) {
        return;
    }
    if (const Read* asked = std::get_if<Read>(&request); asked != nullptr) {
        respond(std::visit([&](const auto& read) -> Reply { return answer(shard.primary, read); },
                           *asked));
        return;
    }
    const Write& asked = std::get<Write>(request);
    Reply reply = write(shard.primary, asked, now, true);
    const std::uint64_t number = shard.next_number++;
    if (shard.degraded) {
        respond(reply);
        shard.pending.push_back({number, now, asked, std::nullopt, nullptr});
        return;
    }
    shard.pending.push_back({number, now, asked, std::move(reply), std::move(respond)});
    schedule_(replication_delay, [this, shard_number, number] { replicate(shard_number, number); });
}

// The replica has everything up to this number: whoever waited for it is answered.
void Store::replicate(int shard_number, std::uint64_t up_to) {
    Shard& shard = shards_[shard_number];
    while (shard.up && !shard.degraded && !shard.pending.empty() &&
           shard.pending.front().number <= up_to) {
        const auto pending = std::move(shard.pending.front());
        shard.pending.pop_front();
        write(shard.replica, pending.write, pending.time, false);
        if (pending.respond != nullptr) {
            pending.respond(*pending.reply);
        }
    }
}

void Store::fail(int shard) {
    shards_[shard].up = false;
}

void Store::recover(int shard) {
    shards_[shard].up = true;
    replicate(shard, shards_[shard].next_number);
}

void Store::fail_over(int shard_number) {
    Shard& shard = shards_[shard_number];
    shard.primary = shard.replica;
    shard.pending.clear();
    shard.up = true;
    shard.degraded = false;
}

void Store::set_degraded(int shard_number, bool degraded) {
    Shard& shard = shards_[shard_number];
    if (shard.up && !degraded) {
        shard.degraded = false;
        replicate(shard_number, shard.next_number);
    }
    shard.degraded = degraded;
}

Reply Store::write(ShardState& state, const Write& write, Time now, bool observed) {
    return std::visit(
        [&](const auto& asked) -> Reply { return apply(state, asked, now, observed); }, write);
}

Reply Store::apply(ShardState& state, const store::NodeBeat& beat, Time now, bool observed) {
    const std::pair place(beat.record.node, beat.record.standby);
    const auto found = state.nodes.find(place);
    std::optional<store::BeatExpectation> stored;
    if (found != state.nodes.end()) {
        stored = store::BeatExpectation{found->second.instance, found->second.beat};
    }
    const bool repeated = stored == store::BeatExpectation{beat.record.instance, beat.record.beat};
    if (stored != beat.expected && !repeated) {
        return store::BeatAnswer{false, stored ? std::optional(found->second) : std::nullopt};
    }
    const bool is_taken = stored && stored->instance != beat.record.instance;
    if (observed && is_taken && !beat.record.standby) {
        checker_.on_record_taken(now, stored->instance);
    }
    state.nodes[place] = beat.record;
    return store::BeatAnswer{true, beat.record};
}

Reply Store::apply(ShardState& state, const RemoveNodeWrite& remove, Time /*now*/,
                   bool /*observed*/) {
    const auto found = state.nodes.find({remove.node, remove.standby});
    if (found != state.nodes.end() && found->second.instance == remove.instance) {
        state.nodes.erase(found);
    }
    return CallReply{};
}

Reply Store::apply(ShardState& state, const ClaimWrite& claim, Time now, bool observed) {
    PartitionState& partition = state.partitions.at(claim.partition);
    if (partition.owner != claim.expected) {
        return store::ClaimAnswer{false, partition.owner};
    }
    if (partition.call < claim.calls) {
        return CallReply{CallReply::Status::kBehind, partition.owner.epoch, partition.call};
    }
    const auto now_ms = static_cast<store::Epoch>(now / kMillisecond);
    partition.owner = {claim.node, std::max(partition.owner.epoch + 1, now_ms)};
    partition.call = 0;
    if (observed) {
        checker_.on_claimed(claim.partition, partition.owner, claim.instance);
    }
    return store::ClaimAnswer{true, partition.owner};
}

Reply Store::apply(ShardState& state, const RedoClaimWrite& claim, Time /*now*/,
                   bool /*observed*/) {
    PartitionState& partition = state.partitions.at(claim.partition);
    if (partition.owner.epoch < claim.owner.epoch) {
        partition.owner = claim.owner;
        partition.call = 0;
    }
    const auto status = partition.owner.epoch > claim.owner.epoch ? CallReply::Status::kFenced
                                                                  : CallReply::Status::kDone;
    return CallReply{status, partition.owner.epoch, partition.call};
}

Reply Store::apply(ShardState& state, const CallWrite& call, Time now, bool observed) {
    using Status = CallReply::Status;
    PartitionState& partition = state.partitions.at(call.partition);
    const store::Epoch epoch = partition.owner.epoch;
    const auto answer = [&](Status status) { return CallReply{status, epoch, partition.call}; };
    if (epoch > call.epoch && !bugs_.no_epoch_check) {
        return answer(Status::kFenced);
    }
    const bool in_order = epoch > call.epoch || partition.call + 1 == call.call || call.forced;
    const bool is_missing = epoch == call.epoch && partition.call < call.calls;
    if (epoch < call.epoch || is_missing || (!in_order && partition.call < call.call)) {
        return answer(Status::kBehind);
    }
    if (!in_order) {
        return answer(Status::kDone);  // a repetition
    }
    if (observed) {
        checker_.on_applied(now, call, partition);
    }
    partition.call = std::max(partition.call, call.call);
    if (call.release) {
        partition.owner.node = store::kNobody;
        return answer(Status::kDone);
    }
    ++partition.seq;
    partition.format = std::max(partition.format, call.format);
    const Change& change = call.change;
    partition.events.insert(partition.events.end(), change.events.begin(), change.events.end());
    for (const Timer& timer : change.timers_set) {
        partition.timers[timer.id] = timer.due;
    }
    for (const std::uint64_t timer : change.timers_fired) {
        partition.timers.erase(timer);
        partition.fired.push_back(timer);
    }
    return answer(Status::kDone);
}

}  // namespace fermata::cluster::sim
