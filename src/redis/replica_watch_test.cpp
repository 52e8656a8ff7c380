#include "redis/replica_watch.h"

#include <gtest/gtest.h>

namespace fermata::redis {
namespace {

using Change = ReplicaWatch::Change;
using std::chrono::milliseconds;

class ReplicaWatchTest : public testing::Test {
  protected:
    static Options options() {
        Options options;
        options.wait_replicas = 2;
        options.degrade_after = milliseconds(5'000);
        return options;
    }
    // A check that finds so many live replicas.
    Change check(unsigned live, bool is_confirmed) {
        now_ += milliseconds(300);
        EXPECT_TRUE(watch_.wants_check(now_));
        watch_.check_started(now_);
        return watch_.found(live, is_confirmed, now_);
    }
    void fall_short() {
        watch_.reported(false, now_);
        now_ += options_.degrade_after;
    }

    const Options options_ = options();
    ReplicaWatch::Time now_{std::chrono::hours(1)};
    ReplicaWatch watch_{options_};
};

TEST_F(ReplicaWatchTest, WritesWaitForAllThatAreWanted) {
    EXPECT_EQ(watch_.required(), 2U);
    EXPECT_FALSE(watch_.wants_check(now_));
}

TEST_F(ReplicaWatchTest, NothingIsCheckedBeforeTheTimeIsOver) {
    watch_.reported(false, now_);
    EXPECT_FALSE(watch_.wants_check(now_ + milliseconds(4'999)));
    EXPECT_TRUE(watch_.wants_check(now_ + milliseconds(5'000)));
}

TEST_F(ReplicaWatchTest, AWriteThatGotEnoughEndsTheTrouble) {
    watch_.reported(false, now_);
    watch_.reported(true, now_ + milliseconds(4'000));
    EXPECT_FALSE(watch_.wants_check(now_ + milliseconds(6'000)));
}

TEST_F(ReplicaWatchTest, WithConfirmationItGoesOnWithWhatIsLeft) {
    fall_short();
    EXPECT_TRUE(watch_.trouble_began());
    EXPECT_EQ(check(1, true), Change::kDegraded);
    EXPECT_EQ(watch_.required(), 1U);
    EXPECT_EQ(check(0, true), Change::kNone);
    EXPECT_EQ(watch_.required(), 0U);
    EXPECT_TRUE(watch_.is_degraded());
    EXPECT_FALSE(watch_.trouble_began());
}

TEST_F(ReplicaWatchTest, WithoutConfirmationWritesWait) {
    fall_short();
    EXPECT_EQ(check(0, false), Change::kNone);
    EXPECT_EQ(watch_.required(), 2U);
}

TEST_F(ReplicaWatchTest, ReplicasThatOnlyLagAreWaitedFor) {
    fall_short();
    EXPECT_EQ(check(2, true), Change::kNone);
    EXPECT_EQ(watch_.required(), 2U);
}

TEST_F(ReplicaWatchTest, ReplicasThatAreBackEndIt) {
    fall_short();
    EXPECT_EQ(check(0, true), Change::kDegraded);
    EXPECT_EQ(check(2, false), Change::kRecovered);
    EXPECT_EQ(watch_.required(), 2U);
    now_ += std::chrono::hours(1);
    EXPECT_FALSE(watch_.wants_check(now_));
}

TEST_F(ReplicaWatchTest, TheConfirmationMustBeRenewed) {
    fall_short();
    EXPECT_EQ(check(0, true), Change::kDegraded);
    EXPECT_EQ(check(0, false), Change::kNone);
    now_ += std::chrono::seconds(2);
    EXPECT_EQ(check(0, false), Change::kUnconfirmed);
    EXPECT_EQ(watch_.required(), 2U);
    EXPECT_FALSE(watch_.wants_check(now_ + milliseconds(4'000)));
}

TEST_F(ReplicaWatchTest, ACheckWithoutAnswerIsRepeated) {
    fall_short();
    watch_.check_started(now_);
    EXPECT_FALSE(watch_.wants_check(now_ + milliseconds(999)));
    EXPECT_TRUE(watch_.wants_check(now_ + milliseconds(1'000)));
    EXPECT_EQ(watch_.not_found(now_), Change::kNone);
}

}  // namespace
}  // namespace fermata::redis
