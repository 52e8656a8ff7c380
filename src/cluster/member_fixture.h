// MemberTest: members against a real store, one step of time after the other: no threads, and
// everything the members want is done at once, unless a test holds it back.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/member.h"
#include "store/memory_store.h"
#include "store/testing.h"

namespace fermata::cluster {

using std::chrono::milliseconds;

constexpr Partition kPartitions = 8;

// One instance with what it was told to serve.
class Instance {
  public:
    Instance(store::Store& store, const MemberOptions& options)
        : member(options), options_(options), store_(store) {}

    void tick(Steady now) {
        member.tick(now);
        for (const Claim& claim : std::exchange(held_, {})) {
            carry_out(now, claim);
        }
        carry_out(now);
    }
    void carry_out(Steady now) {
        for (auto actions = member.take_actions(); !actions.empty();
             actions = member.take_actions()) {
            for (const Action& action : actions) {
                std::visit([&](const auto& asked) { carry_out(now, asked); }, action);
            }
        }
    }
    [[nodiscard]] std::vector<Partition> open() const {
        std::vector<Partition> partitions;
        for (const auto& [partition, epoch] : lanes) {
            partitions.push_back(partition);
        }
        return partitions;
    }

    Member member;
    bool cut = false;  // the store answers nothing but errors
    // A part of the store is away: it does not say whose these are, and claims wait.
    std::set<Partition> away;
    bool closes = true;
    std::map<Partition, store::Epoch> lanes;
    bool suspended = false;
    int resumed = 0;
    int dropped = 0;
    int claims = 0;
    std::vector<Close> closing;
    bool holds_marks = false;  // they are stored, and their answers come later
    std::vector<std::pair<Beat, Result<store::BeatAnswer>>> marks;

  private:
    template <typename Answer, typename Ask>
    Result<Answer> ask(const Ask& ask) {
        return cut ? Result<Answer>(Error(ErrorCode::kUnavailable, "cut off"))
                   : store::wait<Answer>(ask);
    }
    void carry_out(Steady now, const Beat& beat) {
        auto answer = ask<store::BeatAnswer>([&](auto done) { store_.beat(beat.beat, done); });
        if (holds_marks && beat.beat.record.instance == 0) {
            marks.emplace_back(beat, std::move(answer));
            return;
        }
        member.on_beat(now, beat, answer);
    }
    void carry_out(Steady now, const ListNodes& /*list*/) {
        member.on_nodes(
            now, ask<std::vector<store::NodeRecord>>([&](auto done) { store_.list_nodes(done); }));
    }
    void carry_out(Steady now, const ListOwners& /*list*/) {
        auto owners = ask<store::OwnerList>([&](auto done) { store_.list_owners(done); });
        for (const Partition partition : owners ? away : std::set<Partition>()) {
            (*owners)[partition].reset();
        }
        member.on_owners(now, owners);
    }
    void carry_out(Steady /*now*/, const RemoveNode& remove) {
        static_cast<void>(ask<bool>([&](auto done) {
            store_.remove_node(remove.node, remove.standby, remove.instance, done);
        }));
    }
    void carry_out(Steady now, const Claim& claim) {
        if (away.contains(claim.partition)) {
            held_.push_back(claim);
            return;
        }
        ++claims;
        member.on_claim(now, claim, ask<store::ClaimAnswer>([&](auto done) {
                            store_.claim_from(claim.partition, claim.expected, options_.node, done);
                        }));
    }
    void carry_out(Steady now, const Release& release) {
        member.on_release(now, release, ask<bool>([&](auto done) {
                              store_.release(release.partition, release.epoch, done);
                          }));
    }
    void carry_out(Steady /*now*/, const Open& open) { lanes[open.partition] = open.epoch; }
    void carry_out(Steady /*now*/, const SuspendAll& /*suspend*/) { suspended = true; }
    void carry_out(Steady /*now*/, const Resume& /*resume*/) {
        suspended = false;
        ++resumed;
    }
    void carry_out(Steady now, const Close& close) {
        if (!closes) {
            closing.push_back(close);
            return;
        }
        lanes.erase(close.partition);
        member.on_closed(now, close);
    }
    void carry_out(Steady /*now*/, const Drop& drop) {
        lanes.erase(drop.partition);
        ++dropped;
    }

    const MemberOptions options_;
    store::Store& store_;
    std::vector<Claim> held_;  // for partitions that are away
};

class MemberTest : public testing::Test {
  protected:
    static MemberOptions options(store::NodeId node, std::uint64_t instance) {
        MemberOptions options;
        options.node = node;
        options.instance = instance;
        options.facts.partition_count = kPartitions;
        return options;
    }
    Instance& add(const MemberOptions& options) {
        instances_.push_back(std::make_unique<Instance>(store_, options));
        return *instances_.back();
    }
    Instance& add(store::NodeId node, std::uint64_t instance) {
        return add(options(node, instance));
    }
    void pass(milliseconds time) {
        for (const Steady end = now_ + time; now_ < end; now_ += milliseconds(50)) {
            for (const auto& instance : instances_) {
                if (std::find(stopped_.begin(), stopped_.end(), instance.get()) == stopped_.end()) {
                    instance->tick(now_);
                }
            }
        }
    }
    // As kill -9, or SIGSTOP when it goes on later.
    void stop(Instance& instance) { stopped_.push_back(&instance); }
    void go_on(Instance& instance) {
        stopped_.erase(std::find(stopped_.begin(), stopped_.end(), &instance));
    }
    store::OwnerList owners() {
        return *store::wait<store::OwnerList>([&](auto done) { store_.list_owners(done); });
    }
    std::vector<store::NodeRecord> nodes() {
        return *store::wait<std::vector<store::NodeRecord>>(
            [&](auto done) { store_.list_nodes(done); });
    }
    static std::size_t open_partitions(const std::vector<Instance*>& instances) {
        std::size_t open = 0;
        for (const Instance* instance : instances) {
            open += instance->lanes.size();
        }
        return open;
    }

    store::MemoryStore store_{store::MemoryOptions{kPartitions, {}}};
    Steady now_ = std::chrono::hours(5);
    std::vector<std::unique_ptr<Instance>> instances_;
    std::vector<Instance*> stopped_;
};

}  // namespace fermata::cluster
