// Two instances of one node, and one that starts again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/member_fixture.h"

namespace fermata::cluster {
namespace {

using testing::IsEmpty;

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

}  // namespace
}  // namespace fermata::cluster
