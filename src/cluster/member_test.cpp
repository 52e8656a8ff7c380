// Who joins, who dies, who is cut off: partitions are served by one, and by somebody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/member_fixture.h"

namespace fermata::cluster {
namespace {

using store::Ownership;
using testing::IsEmpty;

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

TEST_F(MemberTest, AnOwnerThatWentBackIsLeftAloneForALease) {
    Holdings holdings(1, 2, Timing());
    std::vector<Action> actions;
    const auto nobody_is_gone = [](store::NodeId, Steady) { return false; };
    holdings.see_owners(milliseconds(1000), {Ownership{2, 9}, Ownership{2, 9}}, actions);
    holdings.see_owners(milliseconds(1100),
                        {Ownership{store::kNobody, 8}, Ownership{store::kNobody, 10}}, actions);
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
    holdings.see_owners(milliseconds(1000), {Ownership{2, 9}}, actions);
    holdings.see_owners(milliseconds(1100), {Ownership{2, 10}}, actions);
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
