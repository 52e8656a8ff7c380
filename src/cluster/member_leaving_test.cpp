// Whoever leaves hands over what it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/member_fixture.h"

namespace fermata::cluster {
namespace {

using testing::IsEmpty;

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
    EXPECT_THAT(
        owners(),
        testing::Each(testing::Optional(testing::Field(&store::Ownership::node, store::kNobody))));
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

}  // namespace
}  // namespace fermata::cluster
