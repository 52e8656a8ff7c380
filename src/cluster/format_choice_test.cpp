#include "cluster/format_choice.h"

#include <gtest/gtest.h>

namespace fermata::cluster {
namespace {

using std::chrono::milliseconds;

constexpr OtherFormats kNobody;
constexpr OtherFormats kOlder{1, 1, 1};
constexpr OtherFormats kNewer{2, 1, 1};      // can read 2, does not tell it yet
constexpr OtherFormats kNewerTold{2, 2, 2};  // and tells it

class FormatChoiceTest : public testing::Test {
  protected:
    // Reads for so long, and a beat that tells what is to be told after each.
    void pass(milliseconds time, const OtherFormats& others) {
        for (const Steady end = now_ + time; now_ < end; now_ += milliseconds(300)) {
            choice_.see(now_, now_ + milliseconds(10), others);
            if (beats_) {
                choice_.on_told(now_ + milliseconds(20), choice_.told());
            }
        }
    }
    static FormatChoice::Options options() {
        FormatChoice::Options options;
        options.newest = 2;
        return options;
    }

    Steady now_ = milliseconds(5000);
    bool beats_ = true;
    FormatChoice choice_{options(), Timing()};
};

TEST_F(FormatChoiceTest, BeginsWithTheOldest) {
    EXPECT_EQ(choice_.told(), 1U);
    EXPECT_EQ(choice_.written(), 1U);
}

TEST_F(FormatChoiceTest, TellsWhatAllCanReadAfterOnePatience) {
    pass(milliseconds(3000), kNewer);
    EXPECT_EQ(choice_.told(), 1U);
    pass(milliseconds(600), kNewer);
    EXPECT_EQ(choice_.told(), 2U);
}

TEST_F(FormatChoiceTest, WritesWhatAllTell) {
    pass(milliseconds(4000), kNewer);
    EXPECT_EQ(choice_.written(), 1U);
    pass(milliseconds(600), kNewerTold);
    EXPECT_EQ(choice_.written(), 2U);
}

TEST_F(FormatChoiceTest, WritesNothingNewerThanItsOwnRecordTells) {
    beats_ = false;
    pass(milliseconds(6000), kNobody);
    EXPECT_EQ(choice_.told(), 2U);
    EXPECT_EQ(choice_.written(), 1U);

    choice_.on_told(now_, 2);
    choice_.see(now_ - milliseconds(1), now_, kNobody);  // sent before the record was accepted
    EXPECT_EQ(choice_.written(), 1U);
    choice_.see(now_, now_ + milliseconds(1), kNobody);
    EXPECT_EQ(choice_.written(), 2U);
}

// The other one's record was accepted after this one had decided to tell, and before it told.
TEST_F(FormatChoiceTest, AnOlderInstanceInTheLastReadKeepsItFromWriting) {
    beats_ = false;
    pass(milliseconds(4000), kNobody);
    choice_.on_told(now_, 2);
    beats_ = true;
    pass(milliseconds(900), kOlder);
    EXPECT_EQ(choice_.written(), 1U);
    EXPECT_EQ(choice_.told(), 2U);  // the other one may be about to be refused

    pass(milliseconds(3000), kOlder);
    EXPECT_EQ(choice_.told(), 1U);
    EXPECT_EQ(choice_.written(), 1U);
}

TEST_F(FormatChoiceTest, WhatWasWrittenOnceIsToldForGood) {
    pass(milliseconds(4200), kNobody);
    ASSERT_EQ(choice_.written(), 2U);

    pass(milliseconds(6000), kOlder);
    EXPECT_EQ(choice_.written(), 1U);
    EXPECT_EQ(choice_.told(), 2U);
    choice_.begin_anew();
    EXPECT_EQ(choice_.told(), 2U);
}

TEST_F(FormatChoiceTest, AGapInTheReadsStartsThePatienceAnew) {
    pass(milliseconds(2900), kNewer);
    now_ += milliseconds(1500);
    pass(milliseconds(2900), kNewer);
    EXPECT_EQ(choice_.told(), 1U);
}

TEST_F(FormatChoiceTest, AnOlderInstanceThatShowsItselfStartsThePatienceAnew) {
    pass(milliseconds(2900), kNewer);
    pass(milliseconds(300), kOlder);
    pass(milliseconds(2900), kNewer);
    EXPECT_EQ(choice_.told(), 1U);
}

TEST_F(FormatChoiceTest, WhoJoinsTellsAtOnceWhatIsTold) {
    choice_.join(kNewerTold);
    EXPECT_EQ(choice_.told(), 2U);
    EXPECT_EQ(choice_.written(), 1U);
    choice_.on_told(now_, 2);
    choice_.see(now_, now_ + milliseconds(1), kNewerTold);
    EXPECT_EQ(choice_.written(), 2U);
}

TEST_F(FormatChoiceTest, TheLimitIsForWhatItWrites) {
    FormatChoice::Options limited = options();
    limited.limit = 1;
    FormatChoice choice(limited, Timing());
    for (Steady now = milliseconds(0); now < milliseconds(5000); now += milliseconds(300)) {
        choice.see(now, now, kNewer);
        choice.on_told(now, choice.told());
    }
    EXPECT_EQ(choice.told(), 1U);

    choice.join(kNewerTold);  // they wrote it, whatever is allowed here
    choice.on_told(milliseconds(5000), 2);
    choice.see(milliseconds(5000), milliseconds(5000), kNewerTold);
    EXPECT_EQ(choice.told(), 2U);
    EXPECT_EQ(choice.written(), 1U);
}

TEST_F(FormatChoiceTest, ASoleMemberWritesItsNewestAtOnce) {
    FormatChoice::Options sole = options();
    sole.sole = true;
    EXPECT_EQ(FormatChoice(sole, Timing()).written(), 2U);
    sole.limit = 1;
    EXPECT_EQ(FormatChoice(sole, Timing()).written(), 1U);
}

}  // namespace
}  // namespace fermata::cluster
