#include "cluster/sim_instance.h"

#include <algorithm>
#include <string>
#include <utility>

#include "cluster/sim_checker.h"

namespace fermata::cluster::sim {
namespace {

// As RedisStore's.
constexpr Time kOwnersPatience = 1000 * kMillisecond;

}  // namespace

Instance::Instance(const MemberOptions& options, const Clock& clock, const InstanceBugs& bugs,
                   Outside outside)
    : outside_(std::move(outside)),
      options_(options),
      clock_(clock),
      bugs_(bugs),
      member_(options),
      client_(options.facts.partition_count, bugs.no_redo, outside_.send, outside_.schedule),
      lanes_(options.facts.partition_count) {}

Steady Instance::local() const {
    const auto time = static_cast<double>(outside_.now() + clock_.offset) * clock_.rate;
    return std::chrono::microseconds(static_cast<Time>(time));
}

bool Instance::has_lease() const {
    return bugs_.lease_ignored || local() < member_.lease_until();
}

bool Instance::may_serve(Partition partition) const {
    const Lane& lane = lanes_[partition];
    return lane.state >= LaneState::kServing && !lane.suspended && has_lease();
}

bool Instance::has_lane(Partition partition) const {
    return lanes_[partition].state != LaneState::kNone;
}

void Instance::wake() {
    member_.tick(local());
    carry_out();
}

// After every input of the member.
void Instance::carry_out() {
    for (const Action& action : member_.take_actions()) {
        if (outside_.trace) {
            outside_.trace(action);
        }
        std::visit([this](const auto& asked) { carry_out(asked); }, action);
    }
    const Steady next = member_.next_wake();
    if (next == Steady::max()) {
        return;
    }
    const Time local_us = std::chrono::duration_cast<std::chrono::microseconds>(next).count();
    const Time at =
        static_cast<Time>(static_cast<double>(local_us) / clock_.rate) - clock_.offset + 1;
    if (wake_at_ > outside_.now() && wake_at_ <= at) {
        return;  // an earlier wake-up is set already
    }
    wake_at_ = at;
    outside_.schedule(std::max<Time>(at - outside_.now(), 1), [this, at] {
        if (wake_at_ == at) {
            wake_at_ = -1;
            wake();
        }
    });
}

void Instance::carry_out(const Beat& beat) {
    client_.request(0, Write(beat.beat), [this, beat](const Reply& reply) {
        member_.on_beat(local(), beat, std::get<store::BeatAnswer>(reply));
        carry_out();
    });
}

void Instance::carry_out(const ListNodes& /*list*/) {
    client_.request(0, Read(ListNodesRead{}), [this](const Reply& reply) {
        member_.on_nodes(local(), std::get<std::vector<store::NodeRecord>>(reply));
        carry_out();
    });
}

// One read a shard; their answers are one list. A shard that takes too long is left out.
void Instance::carry_out(const ListOwners& /*list*/) {
    struct Gathered {
        store::OwnerList owners;
        int missing = Store::kShards;
        bool told = false;
    };
    auto gathered = std::make_shared<Gathered>();
    gathered->owners.resize(lanes_.size());
    const auto tell = [this, gathered] {
        if (std::exchange(gathered->told, true)) {
            return;
        }
        const bool is_any = gathered->missing < Store::kShards;
        member_.on_owners(local(), is_any ? Result<store::OwnerList>(gathered->owners)
                                          : Error(ErrorCode::kUnavailable, "no shard answers"));
        carry_out();
    };
    for (int shard = 0; shard < Store::kShards; ++shard) {
        client_.request(shard, Read(ListOwnersRead{}), [gathered, tell](const Reply& reply) {
            for (const auto& [partition, owner] :
                 std::get<std::map<Partition, store::Ownership>>(reply)) {
                gathered->owners[partition] = owner;
            }
            if (--gathered->missing == 0) {
                tell();
            }
        });
    }
    outside_.schedule(kOwnersPatience, tell);
}

void Instance::carry_out(const RemoveNode& remove) {
    client_.request(0, Write(RemoveNodeWrite{remove.node, remove.standby, remove.instance}),
                    [](const Reply& /*reply*/) {});
}

// With what this process had acknowledged of it: the store may have gone back.
void Instance::carry_out(const Claim& claim) {
    client_.verify(claim.partition, [this, claim] {
        const ClaimWrite write{claim.partition, claim.expected, options_.node, options_.instance,
                               client_.calls(claim.partition, claim.expected.epoch)};
        client_.request(Store::shard_of(claim.partition), Write(write),
                        [this, claim](const Reply& reply) { on_claim(claim, reply); });
    });
}

void Instance::on_claim(const Claim& claim, const Reply& reply) {
    const auto* answer = std::get_if<store::ClaimAnswer>(&reply);
    if (answer == nullptr) {
        carry_out(claim);  // behind
        return;
    }
    if (answer->accepted) {
        client_.begin(claim.partition, options_.node, answer->current.epoch);
        outside_.checker->on_claim_known(claim.partition, answer->current.epoch);
    }
    member_.on_claim(local(), claim, *answer);
    carry_out();
}

void Instance::carry_out(const Release& release) {
    CallWrite write;
    write.partition = release.partition;
    write.epoch = release.epoch;
    write.release = true;
    const Lane& lane = lanes_[release.partition];
    if (lane.epoch == release.epoch && client_.owns(release.partition, release.epoch)) {
        client_.call(release.partition, write,
                     [this, release](bool fenced) { on_released(release, fenced); });
        return;
    }
    // Of an earlier life: calls are not numbered any more.
    write.forced = true;
    client_.verify(release.partition, [this, release, write]() mutable {
        write.calls = client_.calls(release.partition, release.epoch);
        client_.request(Store::shard_of(write.partition), Write(write),
                        [this, release](const Reply& reply) {
                            const auto status = std::get<CallReply>(reply).status;
                            if (status == CallReply::Status::kBehind) {
                                carry_out(release);
                            } else {
                                on_released(release, status == CallReply::Status::kFenced);
                            }
                        });
    });
}

void Instance::on_released(const Release& release, bool fenced) {
    const Result<bool> answer =
        fenced ? Result<bool>(Error(ErrorCode::kFenced, "")) : Result<bool>(true);
    member_.on_release(local(), release, answer);
    carry_out();
}

void Instance::carry_out(const Open& open) {
    Lane& lane = lanes_[open.partition];
    const std::uint64_t life = lane.life + 1;
    lane = Lane();
    lane.life = life;
    lane.state = LaneState::kRecovering;
    lane.epoch = open.epoch;
    load(open.partition);
}

void Instance::carry_out(const SuspendAll& /*suspend*/) {
    for (Lane& lane : lanes_) {
        lane.suspended = !bugs_.lease_ignored;
    }
}

void Instance::carry_out(const Resume& resume) {
    Lane& lane = lanes_[resume.partition];
    lane.suspended = false;
    for (const Operation& operation : std::exchange(lane.held_answers, {})) {
        answer(lane, operation);
    }
    outside_.on_serving(resume.partition);
    for (const auto& [id, due] : lane.durable.timers) {
        arm(resume.partition, {id, due});
    }
    flush(resume.partition);
    finish_closing(resume.partition);
}

void Instance::carry_out(const Close& close) {
    Lane& lane = lanes_[close.partition];
    lane.state = LaneState::kClosing;
    lane.close_serial = close.serial;
    lane.building = Change();  // not acknowledged; its clients ask again
    lane.building_waiters.clear();
    finish_closing(close.partition);
}

void Instance::carry_out(const Drop& drop) {
    lose(drop.partition);
}

void Instance::lose(Partition partition) {
    Lane& lane = lanes_[partition];
    const std::uint64_t life = lane.life + 1;
    lane = Lane();
    lane.life = life;
}

void Instance::finish_closing(Partition partition) {
    Lane& lane = lanes_[partition];
    if (lane.state != LaneState::kClosing || lane.in_flight || lane.suspended) {
        return;
    }
    const Close close{partition, lane.close_serial};
    lane.state = LaneState::kNone;
    member_.on_closed(local(), close);
    carry_out();
}

// Reads the partition as it is at the own epoch.
void Instance::load(Partition partition) {
    const std::uint64_t life = lanes_[partition].life;
    client_.request(Store::shard_of(partition), Read(LoadRead{partition}),
                    [this, partition, life](const Reply& reply) {
                        Lane& lane = lanes_[partition];
                        const auto& state = std::get<PartitionState>(reply);
                        if (lane.life != life || lane.state == LaneState::kNone) {
                            return;
                        }
                        if (state.owner.epoch > lane.epoch) {
                            const store::Epoch epoch = lane.epoch;
                            lose(partition);
                            member_.on_lost(local(), partition, epoch);
                            carry_out();
                        } else if (state.owner.epoch < lane.epoch) {
                            client_.verify(partition, [this, partition, life] {
                                if (lanes_[partition].life == life) {
                                    load(partition);
                                }
                            });
                        } else {
                            outside_.checker->on_loaded(state, options_.facts.format_newest);
                            lane.durable = state;
                            serve(partition);
                        }
                    });
}

void Instance::serve(Partition partition) {
    Lane& lane = lanes_[partition];
    lane.state = LaneState::kServing;
    outside_.on_serving(partition);
    for (const auto& [id, due] : lane.durable.timers) {
        arm(partition, {id, due});
    }
}

void Instance::receive(const Operation& operation) {
    Lane& lane = lanes_[operation.partition];
    if (lane.state != LaneState::kServing || lane.suspended || !has_lease()) {
        return;  // refused: the client tries another instance
    }
    if (operation.kind == Operation::Kind::kRead) {
        answer(lane, operation);
        return;
    }
    const auto has = [&operation](const std::vector<std::uint64_t>& events) {
        return std::find(events.begin(), events.end(), operation.id) != events.end();
    };
    if (has(lane.durable.events)) {
        answer(lane, operation);
    } else if (has(lane.flying.events)) {
        lane.flying_waiters.push_back(operation);
    } else {
        lane.building_waiters.push_back(operation);
        if (!has(lane.building.events)) {
            lane.building.events.push_back(operation.id);
            if (operation.kind == Operation::Kind::kTimer) {
                const Time delay = static_cast<Time>(operation.id * 7919 % 5000) * kMillisecond;
                lane.building.timers_set.push_back({operation.id, outside_.now() + delay});
            }
        }
        flush(operation.partition);
    }
}

void Instance::answer(Lane& lane, const Operation& operation) {
    if (lane.suspended || !has_lease()) {
        lane.held_answers.push_back(operation);
        return;
    }
    outside_.on_serving(operation.partition);
    outside_.answer(operation, lane.durable.events.size());
}

void Instance::flush(Partition partition) {
    Lane& lane = lanes_[partition];
    const bool is_empty = lane.building.events.empty() && lane.building.timers_fired.empty();
    if (lane.state != LaneState::kServing || lane.suspended || lane.in_flight || is_empty) {
        return;
    }
    lane.flying = std::exchange(lane.building, {});
    lane.flying_waiters = std::exchange(lane.building_waiters, {});
    lane.in_flight = true;
    CallWrite call;
    call.partition = partition;
    call.epoch = lane.epoch;
    call.seq = lane.durable.seq + 1;
    call.change = lane.flying;
    call.format = bugs_.newest_format ? options_.facts.format_newest : member_.format_written();
    outside_.on_written(call.format);
    client_.call(partition, call, [this, partition, life = lane.life](bool fenced) {
        if (lanes_[partition].life == life) {
            on_committed(partition, fenced);
        }
    });
}

void Instance::on_committed(Partition partition, bool fenced) {
    Lane& lane = lanes_[partition];
    lane.in_flight = false;
    if (fenced) {
        const store::Epoch epoch = lane.epoch;
        lose(partition);
        member_.on_lost(local(), partition, epoch);
        carry_out();
        return;
    }
    const Change change = std::exchange(lane.flying, {});
    PartitionState& state = lane.durable;
    ++state.seq;
    state.events.insert(state.events.end(), change.events.begin(), change.events.end());
    for (const std::uint64_t timer : change.timers_fired) {
        state.timers.erase(timer);
    }
    for (const Timer& timer : change.timers_set) {
        state.timers[timer.id] = timer.due;
        arm(partition, timer);
    }
    for (const Operation& operation : std::exchange(lane.flying_waiters, {})) {
        answer(lane, operation);
    }
    flush(partition);
    finish_closing(partition);
}

void Instance::arm(Partition partition, const Timer& timer) {
    outside_.schedule(std::max<Time>(timer.due - outside_.now(), 1),
                      [this, partition, life = lanes_[partition].life, id = timer.id] {
                          if (lanes_[partition].life == life) {
                              fire(partition, id);
                          }
                      });
}

void Instance::fire(Partition partition, std::uint64_t timer) {
    Lane& lane = lanes_[partition];
    const auto has = [timer](const std::vector<std::uint64_t>& timers) {
        return std::find(timers.begin(), timers.end(), timer) != timers.end();
    };
    const bool is_known = lane.durable.timers.count(timer) != 0;
    if (lane.state == LaneState::kServing && !lane.suspended && has_lease() && is_known &&
        !has(lane.building.timers_fired) && !has(lane.flying.timers_fired)) {
        lane.building.timers_fired.push_back(timer);
        flush(partition);
    }
}

void Instance::on_primary_changed(int shard) {
    client_.on_primary_changed(shard);
}

void Instance::drain() {
    member_.drain(local());
    carry_out();
}

void Instance::leave() {
    member_.leave(local());
    carry_out();
}

void Instance::rebalance() {
    member_.rebalance(local());
    carry_out();
}

}  // namespace fermata::cluster::sim
