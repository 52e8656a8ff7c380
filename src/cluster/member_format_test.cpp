// Instances that do not fit, and records of a newer format.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/member_fixture.h"

namespace fermata::cluster {
namespace {

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

}  // namespace
}  // namespace fermata::cluster
