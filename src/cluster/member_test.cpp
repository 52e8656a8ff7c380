// Members against a real store, one step of time after the other: no threads, and everything the
// members want is done at once, unless a test holds it back.
#include "cluster/member.h"

#include <algorithm>
#include <map>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory_store.h"
#include "store/testing.h"

namespace fermata::cluster {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;

constexpr Partition kPartitions = 8;

// One instance with what it was told to serve.
class Instance {
  public:
    Instance(store::Store& store, const MemberOptions& options)
        : member(options), options_(options), store_(store) {}

    void tick(Steady now) {
        member.tick(now);
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
        member.on_owners(
            now, ask<std::vector<store::Ownership>>([&](auto done) { store_.list_owners(done); }));
    }
    void carry_out(Steady /*now*/, const RemoveNode& remove) {
        static_cast<void>(ask<bool>([&](auto done) {
            store_.remove_node(remove.node, remove.standby, remove.instance, done);
        }));
    }
    void carry_out(Steady now, const Claim& claim) {
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
    std::vector<store::Ownership> owners() {
        return *store::wait<std::vector<store::Ownership>>(
            [&](auto done) { store_.list_owners(done); });
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

TEST_F(MemberTest, TheFirstInstanceServesEverythingAtOnce) {
    Instance& one = add(1, 11);
    pass(milliseconds(50));

    EXPECT_EQ(one.member.role(), Role::kActing);
    EXPECT_EQ(one.lanes.size(), kPartitions);
    EXPECT_TRUE(one.member.status(now_).settled);
}

TEST_F(MemberTest, PartitionsMoveToANodeThatJoinsAndAreNeverWithTwo) {
    Instance& one = add(1, 11);
    pass(milliseconds(1000));
    Instance& two = add(2, 22);
    pass(milliseconds(3000));

    EXPECT_GE(two.lanes.size(), 3U);
    EXPECT_EQ(open_partitions({&one, &two}), kPartitions);
    EXPECT_EQ(one.dropped + two.dropped, 0);
    for (const auto& [partition, epoch] : two.lanes) {
        EXPECT_EQ(owners()[partition], (store::Ownership{2, epoch}));
    }
}

TEST_F(MemberTest, HandOversKeepToTheirWindow) {
    MemberOptions narrow = options(1, 11);
    narrow.timing.hand_over_window = 1;
    Instance& one = add(narrow);
    one.closes = false;
    pass(milliseconds(1000));
    add(2, 22);
    pass(milliseconds(3000));

    EXPECT_EQ(one.closing.size(), 1U);
    EXPECT_EQ(one.lanes.size(), kPartitions);
}

TEST_F(MemberTest, WithoutAutomaticRebalancingPartitionsStayUntilTold) {
    MemberOptions stay = options(1, 11);
    stay.auto_rebalance = false;
    Instance& one = add(stay);
    pass(milliseconds(1000));
    MemberOptions also = options(2, 22);
    also.auto_rebalance = false;
    Instance& two = add(also);
    pass(milliseconds(3000));
    EXPECT_EQ(two.lanes.size(), 0U);

    one.member.rebalance(now_);
    pass(milliseconds(3000));

    EXPECT_GE(two.lanes.size(), 3U);
    EXPECT_EQ(open_partitions({&one, &two}), kPartitions);
}

TEST_F(MemberTest, RebalancingCountsNodesThatJoinedSinceTheLastLook) {
    MemberOptions stay = options(1, 11);
    stay.auto_rebalance = false;
    Instance& one = add(stay);
    pass(milliseconds(1000));
    MemberOptions also = options(2, 22);
    also.auto_rebalance = false;
    Instance& two = add(also);
    pass(milliseconds(50));  // it acts, and the first node looks every 300 ms
    ASSERT_EQ(two.member.role(), Role::kActing);

    one.member.rebalance(now_);
    pass(milliseconds(3000));

    EXPECT_GE(two.lanes.size(), 3U);
    EXPECT_EQ(open_partitions({&one, &two}), kPartitions);
}

TEST_F(MemberTest, PartitionsOfADeadNodeAreAdoptedAfterItsLease) {
    Instance& one = add(1, 11);
    Instance& two = add(2, 22);
    pass(milliseconds(5000));
    stop(one);
    pass(milliseconds(1900));  // its last beat may be a second old
    EXPECT_LT(two.lanes.size(), kPartitions);
    pass(milliseconds(1800));

    EXPECT_EQ(two.lanes.size(), kPartitions);
    EXPECT_EQ(two.member.status(now_).counters.declared_dead, 1U);
}

TEST_F(MemberTest, AnInstanceThatWasTakenForDeadDropsEverythingAndJoinsAgain) {
    Instance& one = add(1, 11);
    Instance& two = add(2, 22);
    pass(milliseconds(5000));
    stop(one);
    pass(milliseconds(5000));
    go_on(one);
    one.tick(now_);
    EXPECT_TRUE(one.suspended);
    EXPECT_EQ(one.resumed, 0);
    pass(milliseconds(5000));

    EXPECT_GE(one.dropped, 3);
    EXPECT_EQ(open_partitions({&one, &two}), kPartitions);
    EXPECT_GE(one.lanes.size(), 3U);
}

TEST_F(MemberTest, AShortPauseEndsInTheSamePlace) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    const auto lanes = one.lanes;
    stop(one);
    pass(milliseconds(5000));  // nobody else is there
    go_on(one);
    pass(milliseconds(50));

    EXPECT_EQ(one.lanes, lanes);
    EXPECT_EQ(one.resumed, static_cast<int>(kPartitions));
    EXPECT_EQ(one.dropped, 0);
    EXPECT_EQ(one.member.status(now_).counters.resumptions, 1U);
}

TEST_F(MemberTest, AnAwayStoreSuspendsAllAndMovesNothing) {
    Instance& one = add(1, 11);
    Instance& two = add(2, 22);
    pass(milliseconds(5000));
    const auto before = owners();
    one.cut = true;
    two.cut = true;
    pass(milliseconds(20'000));
    EXPECT_TRUE(one.suspended);
    EXPECT_TRUE(two.suspended);
    one.cut = false;
    pass(milliseconds(1000));  // the other is slower to come back
    two.cut = false;
    pass(milliseconds(2000));

    EXPECT_FALSE(one.suspended);
    EXPECT_FALSE(two.suspended);
    EXPECT_EQ(owners(), before);
    EXPECT_EQ(one.dropped + two.dropped, 0);
}

TEST_F(MemberTest, TheLeaseEndsBeforeOthersMayThinkSo) {
    Instance& one = add(1, 11);
    pass(milliseconds(100));
    const Steady until = one.member.lease_until();
    one.cut = true;
    pass(milliseconds(2800));
    EXPECT_FALSE(one.suspended);
    pass(milliseconds(1200));

    EXPECT_TRUE(one.suspended);
    EXPECT_LE(until, now_);
}

TEST_F(MemberTest, ASecondInstanceOfANodeStandsByAndTakesOver) {
    Instance& primary = add(1, 11);
    Instance& other = add(2, 22);
    pass(milliseconds(5000));
    Instance& backup = add(1, 12);
    pass(milliseconds(2000));
    EXPECT_EQ(backup.member.role(), Role::kStandby);
    EXPECT_THAT(backup.open(), IsEmpty());
    const std::vector<Partition> served = primary.open();
    const std::vector<Partition> elsewhere = other.open();
    stop(primary);
    pass(milliseconds(3700));

    EXPECT_EQ(backup.member.role(), Role::kActing);
    EXPECT_EQ(backup.open(), served);
    EXPECT_EQ(other.open(), elsewhere);
    EXPECT_EQ(nodes().size(), 2U);  // its standby record is gone
}

TEST_F(MemberTest, ABackupLeavesItsNodeToThePrimaryForALease) {
    MemberOptions backup = options(1, 11);
    backup.backup = true;
    Instance& first = add(backup);
    pass(milliseconds(1000));
    EXPECT_EQ(first.member.role(), Role::kStandby);

    Instance& primary = add(1, 12);
    pass(milliseconds(5000));
    EXPECT_EQ(primary.member.role(), Role::kActing);
    EXPECT_EQ(first.member.role(), Role::kStandby);

    stop(primary);
    pass(milliseconds(5000));
    EXPECT_EQ(first.member.role(), Role::kActing);
}

TEST_F(MemberTest, ABackupWithoutAPrimaryActsAfterALease) {
    MemberOptions backup = options(1, 11);
    backup.backup = true;
    Instance& alone = add(backup);
    pass(milliseconds(5000));
    EXPECT_EQ(alone.member.role(), Role::kActing);
    EXPECT_EQ(alone.lanes.size(), kPartitions);
}

TEST_F(MemberTest, AStandbyThatDiesToo_LeavesThePartitionsToOthers) {
    Instance& primary = add(1, 11);
    Instance& other = add(2, 22);
    Instance& backup = add(1, 12);
    pass(milliseconds(5000));
    stop(primary);
    stop(backup);
    pass(milliseconds(5000));

    EXPECT_EQ(other.lanes.size(), kPartitions);
}

TEST_F(MemberTest, ARestartedInstanceWaitsForTheLeaseOfTheFormer) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    stop(one);
    Instance& again = add(1, 12);
    pass(milliseconds(1500));
    EXPECT_EQ(again.member.role(), Role::kStandby);
    pass(milliseconds(2500));

    EXPECT_EQ(again.lanes.size(), kPartitions);
}

TEST_F(MemberTest, OnASoleStoreARestartedInstanceServesAtOnce) {
    MemberOptions sole = options(1, 11);
    sole.sole = true;
    Instance& one = add(sole);
    pass(milliseconds(100));
    stop(one);
    sole.instance = 12;
    sole.node = 2;  // the configuration was changed meanwhile
    Instance& again = add(sole);
    pass(milliseconds(500));

    EXPECT_EQ(again.lanes.size(), kPartitions);
}

// With a sole store the lease is long, and so are the pauses between reads: all must be known at
// once.
TEST_F(MemberTest, OnASoleStoreAnotherNodeAdoptsEverythingAtOnce) {
    MemberOptions sole = options(1, 11);
    sole.sole = true;
    sole.timing.lease = std::chrono::hours(24);
    Instance& one = add(sole);
    pass(milliseconds(100));
    stop(one);
    sole.node = 7;
    sole.instance = 77;
    Instance& other = add(sole);
    pass(milliseconds(1000));

    EXPECT_EQ(other.lanes.size(), kPartitions);
    const Status status = other.member.status(now_);
    ASSERT_FALSE(status.nodes.empty());
    EXPECT_EQ(status.nodes.back().record.instance, 77U);
    EXPECT_TRUE(status.nodes.back().alive);
    EXPECT_EQ(status.nodes.back().partitions, kPartitions);
}

TEST_F(MemberTest, DrainingHandsEverythingOver) {
    Instance& one = add(1, 11);
    Instance& two = add(2, 22);
    pass(milliseconds(5000));
    one.member.drain(now_);
    EXPECT_FALSE(one.member.is_drained());
    pass(milliseconds(3000));

    EXPECT_TRUE(one.member.is_drained());
    EXPECT_THAT(one.open(), IsEmpty());
    EXPECT_EQ(two.lanes.size(), kPartitions);
    EXPECT_EQ(two.dropped, 0);
    one.member.leave(now_);
    one.carry_out(now_);
    EXPECT_EQ(nodes().size(), 1U);
    EXPECT_EQ(one.member.role(), Role::kLeft);
}

TEST_F(MemberTest, DrainedIsOnlyWhoseReleasedPartitionsOthersHaveClaimed) {
    MemberOptions wide = options(1, 11);
    wide.timing.hand_over_window = kPartitions;
    Instance& one = add(wide);
    Instance& two = add(2, 22);
    pass(milliseconds(5000));
    two.cut = true;
    one.member.drain(now_);
    pass(milliseconds(1500));
    EXPECT_EQ(one.lanes.size(), 0U);
    EXPECT_FALSE(one.member.is_drained());

    pass(milliseconds(5000));  // nobody else lives: nobody will claim them
    EXPECT_TRUE(one.member.is_drained());
}

TEST_F(MemberTest, DrainingAloneReleasesEverything) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    one.member.drain(now_);
    pass(milliseconds(1000));

    EXPECT_TRUE(one.member.is_drained());
    EXPECT_THAT(owners(), testing::Each(testing::Field(&store::Ownership::node, store::kNobody)));
}

TEST_F(MemberTest, AfterALeaveTheNextInstanceNeedNotWait) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    one.member.leave(now_);
    one.carry_out(now_);
    stop(one);
    Instance& again = add(1, 12);
    pass(milliseconds(100));

    EXPECT_EQ(again.lanes.size(), kPartitions);
}

TEST_F(MemberTest, WhatIsAnsweredAfterALeaveChangesNothing) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    stop(one);
    now_ += milliseconds(1500);
    one.member.tick(now_);
    const auto asked = one.member.take_actions();
    const auto beat = std::find_if(asked.begin(), asked.end(), [](const Action& action) {
        return std::holds_alternative<Beat>(action);
    });
    ASSERT_NE(beat, asked.end());
    one.member.leave(now_);
    static_cast<void>(one.member.take_actions());
    one.member.on_beat(now_, std::get<Beat>(*beat), store::BeatAnswer{true, std::nullopt});
    one.member.on_claim(now_, Claim{3, {}, 17}, store::ClaimAnswer{true, {1, 99}});

    EXPECT_EQ(one.member.role(), Role::kLeft);
    EXPECT_LE(one.member.lease_until(), now_);
    const auto actions = one.member.take_actions();
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<Release>(actions.front()).epoch, 99U);
    one.member.tick(now_ + milliseconds(100));
    EXPECT_THAT(one.member.take_actions(), IsEmpty());
}

TEST_F(MemberTest, ALostPartitionIsClaimedAgainWhenItIsStillItsOwn) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    const store::Epoch epoch = one.lanes.at(3);
    one.lanes.erase(3);
    one.member.on_lost(now_, 3, epoch);
    pass(milliseconds(500));

    ASSERT_EQ(one.lanes.count(3), 1U);
    EXPECT_GT(one.lanes.at(3), epoch);
}

TEST_F(MemberTest, APartitionThatAnotherClaimedIsDropped) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    static_cast<void>(*store::wait<store::Epoch>([&](auto done) { store_.claim(3, 7, done); }));
    one.member.doubt_owners(now_);
    pass(milliseconds(200));

    EXPECT_EQ(one.lanes.count(3), 0U);
    EXPECT_EQ(one.dropped, 1);
    pass(milliseconds(4000));  // node 7 has no record: it is missing for a lease
    EXPECT_EQ(one.lanes.count(3), 1U);
}

TEST_F(MemberTest, InstancesThatDoNotFitAreRefusedWithAReason) {
    add(1, 11);
    pass(milliseconds(1000));
    MemberOptions odd = options(2, 22);
    odd.facts.partition_count = 16;
    Instance& misfit = add(odd);
    pass(milliseconds(100));

    EXPECT_EQ(misfit.member.role(), Role::kRefused);
    EXPECT_EQ(misfit.member.status(now_).refusal,
              "node 1 works with 8 partitions, this one with 16");
    EXPECT_EQ(nodes().size(), 1U);
}

// Each judges the others by its own lease.
TEST_F(MemberTest, AnotherLeaseIsAReasonToo) {
    add(1, 11);
    pass(milliseconds(1000));
    MemberOptions odd = options(2, 22);
    odd.facts.lease_ms = 5000;
    Instance& other = add(odd);
    pass(milliseconds(1000));

    EXPECT_EQ(other.member.role(), Role::kRefused);
    EXPECT_THAT(other.member.status(now_).refusal, testing::HasSubstr("has a lease of 0 ms"));
}

TEST_F(MemberTest, RecordsThatItCannotReadAreAReasonToo) {
    MemberOptions newer = options(1, 11);
    newer.facts.format = 2;
    newer.facts.format_newest = 3;
    Instance& one = add(newer);
    pass(milliseconds(1000));
    Instance& old = add(2, 22);
    pass(milliseconds(100));

    EXPECT_EQ(old.member.status(now_).refusal,
              "node 1 writes records of format 2, this one reads up to 1");
    MemberOptions middle = options(3, 33);
    middle.facts.format_newest = 2;
    Instance& reads = add(middle);
    pass(milliseconds(1000));
    EXPECT_EQ(reads.member.role(), Role::kActing);
    pass(milliseconds(9000));
    EXPECT_EQ(one.member.format_written(), 2U);  // for the other one cannot read 3
}

// The node came back between the mark and its answer.
TEST_F(MemberTest, TheLateAnswerToAMarkDoesNotBringTheMarkBack) {
    Instance& one = add(1, 11);
    Instance& two = add(2, 22);
    pass(milliseconds(3'000));
    stop(one);
    two.holds_marks = true;
    pass(milliseconds(3'500));
    ASSERT_EQ(two.marks.size(), 1U);
    Instance& again = add(1, 12);
    pass(milliseconds(500));
    ASSERT_EQ(open_partitions({&two, &again}), kPartitions);
    const int claims = two.claims;
    two.member.doubt_owners(now_);  // it knows the new epochs, and has read the nodes after them
    pass(milliseconds(500));
    two.member.on_beat(now_, two.marks[0].first, two.marks[0].second);
    two.carry_out(now_);

    EXPECT_EQ(two.claims, claims);
    EXPECT_EQ(open_partitions({&two, &again}), kPartitions);
}

MemberOptions newer(MemberOptions options) {
    options.facts.format_newest = 2;
    return options;
}

TEST_F(MemberTest, WritesANewerFormatWhenTheLastOlderInstanceIsGone) {
    Instance& one = add(newer(options(1, 11)));
    Instance& two = add(newer(options(2, 22)));
    Instance& old = add(3, 33);
    pass(milliseconds(10'000));
    EXPECT_EQ(one.member.format_written(), 1U);

    stop(old);
    pass(milliseconds(3'200));  // marked dead
    EXPECT_EQ(one.member.format_written(), 1U);
    pass(milliseconds(5'000));
    EXPECT_EQ(one.member.format_written(), 2U);
    EXPECT_EQ(two.member.format_written(), 2U);
    for (const store::NodeRecord& record : nodes()) {
        EXPECT_EQ(record.facts.format, record.instance == 0 ? 1U : 2U);
    }
}

TEST_F(MemberTest, AnOlderInstanceTakesOverAsLongAsOneLives) {
    Instance& one = add(newer(options(1, 11)));
    Instance& old = add(3, 33);
    pass(milliseconds(10'000));
    stop(one);
    pass(milliseconds(8'000));

    EXPECT_EQ(old.open().size(), kPartitions);
}

TEST_F(MemberTest, AnOlderInstanceIsRefusedByWhatTheGoneHaveWritten) {
    Instance& one = add(newer(options(1, 11)));
    pass(milliseconds(6'000));
    ASSERT_EQ(one.member.format_written(), 2U);
    stop(one);
    pass(milliseconds(8'000));
    Instance& old = add(3, 33);
    pass(milliseconds(1'000));

    EXPECT_EQ(old.member.status(now_).refusal,
              "node 1 writes records of format 2, this one reads up to 1");
}

TEST_F(MemberTest, AnOlderInstanceIsRefusedAlsoWhenTheOthersLeft) {
    Instance& one = add(newer(options(1, 11)));
    pass(milliseconds(6'000));
    one.member.leave(now_);
    one.carry_out(now_);
    stop(one);
    Instance& old = add(3, 33);
    Instance& next = add(newer(options(1, 12)));
    pass(milliseconds(200));

    EXPECT_EQ(old.member.role(), Role::kRefused);
    EXPECT_EQ(next.member.role(), Role::kActing);
    EXPECT_EQ(next.member.format_written(), 2U);
}

// Its list of nodes is from before the other one told; its record comes after the other one looked.
TEST_F(MemberTest, WhoJoinsWhileTheOthersSwitchLooksOnceMoreBeforeItOwnsAnything) {
    Instance& one = add(newer(options(1, 11)));
    pass(milliseconds(2'000));
    MemberOptions options_of_old = options(2, 22);
    Member old(options_of_old);
    old.tick(now_);
    const std::vector<store::NodeRecord> before = nodes();
    old.on_nodes(now_, before);
    old.on_owners(now_, owners());
    const std::vector<Action> joins = old.take_actions();
    const auto beat = std::find_if(joins.begin(), joins.end(), [](const Action& action) {
        return std::holds_alternative<Beat>(action);
    });
    ASSERT_NE(beat, joins.end());
    pass(milliseconds(5'000));
    ASSERT_EQ(one.member.format_written(), 2U);

    old.on_beat(now_, std::get<Beat>(*beat), store::wait<store::BeatAnswer>([&](auto done) {
                    store_.beat(std::get<Beat>(*beat).beat, done);
                }));
    old.on_nodes(now_, before);  // sent before its record was there: proves nothing
    EXPECT_EQ(old.role(), Role::kJoining);
    old.on_nodes(now_, nodes());

    EXPECT_EQ(old.role(), Role::kRefused);
    const std::vector<Action> leaves = old.take_actions();
    EXPECT_TRUE(std::none_of(leaves.begin(), leaves.end(), [](const Action& action) {
        return std::holds_alternative<Claim>(action);
    }));
    EXPECT_TRUE(std::any_of(leaves.begin(), leaves.end(), [](const Action& action) {
        return std::holds_alternative<RemoveNode>(action);
    }));
}

TEST_F(MemberTest, WhatWouldWriteTooNewRecordsIsRefused) {
    add(1, 11);
    pass(milliseconds(1'000));
    MemberOptions much_newer = options(2, 22);
    much_newer.facts.format = 2;
    much_newer.facts.format_newest = 3;
    Instance& refused = add(much_newer);
    pass(milliseconds(1'000));

    EXPECT_EQ(refused.member.status(now_).refusal,
              "node 1 reads records up to format 1, this one writes no older than 2");
}

TEST_F(MemberTest, AnOwnerThatWentBackIsLeftAloneForALease) {
    Holdings holdings(1, 2, Timing());
    std::vector<Action> actions;
    const auto nobody_is_gone = [](store::NodeId, Steady) { return false; };
    holdings.see_owners(milliseconds(1000), {{2, 9}, {2, 9}}, actions);
    holdings.see_owners(milliseconds(1100), {{store::kNobody, 8}, {store::kNobody, 10}}, actions);
    holdings.plan(milliseconds(1100), {1, 1}, nobody_is_gone, actions);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<Claim>(actions[0]).partition, 1);
    holdings.plan(milliseconds(4200), {1, 1}, nobody_is_gone, actions);

    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<Claim>(actions[1]).partition, 0);
}

// A node comes back after it was gone and claims anew; who still has the old list of nodes must not
// take that for what it left behind.
TEST_F(MemberTest, WhatANodeClaimsAfterItCameBackIsNotAdopted) {
    Holdings holdings(1, 1, Timing());
    std::vector<Action> actions;
    const Steady nodes_read = milliseconds(1050);
    const auto gone_when_read = [&](store::NodeId, Steady known_since) {
        return known_since <= nodes_read;
    };
    holdings.see_owners(milliseconds(1000), {{2, 9}}, actions);
    holdings.see_owners(milliseconds(1100), {{2, 10}}, actions);
    holdings.plan(milliseconds(1100), {1}, gone_when_read, actions);

    EXPECT_THAT(actions, IsEmpty());
}

TEST_F(MemberTest, AFailingStoreIsNotAskedInALoop) {
    Instance& one = add(1, 11);
    pass(milliseconds(100));
    one.cut = true;
    one.claims = 0;
    one.member.on_lost(now_, 3, one.lanes.at(3));
    pass(milliseconds(2000));

    EXPECT_LE(one.claims, 8);
}

}  // namespace
}  // namespace fermata::cluster
