// A part of the store is away: partitions of the other part go on, and go over, as ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/member_fixture.h"

namespace fermata::cluster {
namespace {

using testing::ElementsAre;

const std::set<Partition> kAway{0, 1, 2};

TEST_F(MemberTest, WhoJoinsClaimsWhatIsKnownAndTheRestWhenItIs) {
    Instance& one = add(1, 11);
    one.away = kAway;
    pass(milliseconds(4000));  // a node of which something may be there waits for a lease

    EXPECT_EQ(one.member.role(), Role::kActing);
    EXPECT_THAT(one.open(), ElementsAre(3, 4, 5, 6, 7));
    EXPECT_EQ(one.claims, 5);
    EXPECT_FALSE(one.member.status(now_).settled);

    one.away.clear();
    pass(milliseconds(1500));

    EXPECT_EQ(one.lanes.size(), kPartitions);
    EXPECT_TRUE(one.member.status(now_).settled);
}

TEST_F(MemberTest, WhatADeadNodeOwnedInTheOtherPartIsAdopted) {
    Instance& one = add(1, 11);
    Instance& two = add(2, 22);
    pass(milliseconds(5000));
    const std::vector<Partition> orphans = one.open();
    stop(one);
    two.away = {orphans.back()};
    pass(milliseconds(5000));

    // It knew whose that one was, so it has claimed it, and waits for the answer.
    EXPECT_EQ(two.lanes.size(), kPartitions - 1);
    EXPECT_FALSE(two.lanes.contains(orphans.back()));
}

TEST_F(MemberTest, AfterASuspensionOnlyWhatIsKnownToBeItsOwnGoesOn) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    const auto lanes = one.lanes;
    one.cut = true;
    pass(milliseconds(5000));
    ASSERT_TRUE(one.suspended);
    one.cut = false;
    one.away = kAway;
    pass(milliseconds(1500));

    EXPECT_EQ(one.resumed, 5);
    EXPECT_FALSE(one.member.serves(2));
    EXPECT_TRUE(one.member.serves(3));

    // Another one may have it by now.
    static_cast<void>(*store::wait<store::Epoch>([&](auto done) { store_.claim(2, 7, done); }));
    one.away.clear();
    pass(milliseconds(1500));

    EXPECT_EQ(one.resumed, 7);
    EXPECT_EQ(one.dropped, 1);
    EXPECT_TRUE(one.member.serves(0));
    EXPECT_EQ(one.lanes.at(0), lanes.at(0));
    EXPECT_FALSE(one.member.serves(2));
}

TEST_F(MemberTest, WhatIsDoubtedMayBeSuspendedOnceMore) {
    Instance& one = add(1, 11);
    pass(milliseconds(2000));
    const auto lanes = one.lanes;
    for (int times = 0; times < 2; ++times) {
        one.cut = true;
        pass(milliseconds(5000));
        ASSERT_TRUE(one.member.is_suspended());
        one.cut = false;
        one.away = kAway;
        pass(milliseconds(1500));
        ASSERT_FALSE(one.member.is_suspended());
        EXPECT_FALSE(one.member.serves(0));
    }
    one.away.clear();
    pass(milliseconds(1500));

    EXPECT_TRUE(one.member.serves(0));
    EXPECT_EQ(one.lanes, lanes);
    EXPECT_EQ(one.dropped, 0);
}

TEST_F(MemberTest, ANodeIsNotDrainedWhileItMayOwnSomething) {
    Instance& one = add(1, 11);
    one.away = kAway;
    pass(milliseconds(4000));
    one.member.drain(now_);
    one.carry_out(now_);
    pass(milliseconds(2000));

    EXPECT_TRUE(one.lanes.empty());
    EXPECT_FALSE(one.member.is_drained());

    one.away.clear();
    pass(milliseconds(1500));

    EXPECT_TRUE(one.member.is_drained());
}

}  // namespace
}  // namespace fermata::cluster
