#include <gtest/gtest.h>

#include "redis/backoff.h"
#include "redis/token_bucket.h"

namespace fermata::redis {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, DoublesUpToItsLastWithJitterOfHalf) {
    Random random(7);
    Backoff backoff(milliseconds(100), milliseconds(1'000));
    for (const int full : {100, 200, 400, 800, 1'000, 1'000}) {
        const milliseconds pause = backoff.next(random);
        EXPECT_GE(pause, milliseconds(full / 2));
        EXPECT_LE(pause, milliseconds(full));
    }
    backoff.reset();
    EXPECT_LE(backoff.next(random), milliseconds(100));
}

TEST(BackoffTest, TwoClientsDoNotPauseAlike) {
    Random one(1);
    Random other(2);
    Backoff first(milliseconds(1'000), milliseconds(1'000));
    Backoff second(milliseconds(1'000), milliseconds(1'000));
    bool differs = false;
    for (int attempt = 0; attempt < 5; ++attempt) {
        differs = differs || first.next(one) != second.next(other);
    }
    EXPECT_TRUE(differs);
}

TEST(BackoffTest, APauseByAttemptsGrowsToItsLast) {
    Random random(7);
    EXPECT_LE(pause_after(1, milliseconds(20), milliseconds(1'000), random), milliseconds(20));
    EXPECT_GE(pause_after(4, milliseconds(20), milliseconds(1'000), random), milliseconds(80));
    for (const unsigned attempts : {10U, 1'000U, ~0U}) {
        const milliseconds pause =
            pause_after(attempts, milliseconds(20), milliseconds(1'000), random);
        EXPECT_GE(pause, milliseconds(500));
        EXPECT_LE(pause, milliseconds(1'000));
    }
}

TEST(TokenBucketTest, GivesABurstThenItsRate) {
    TokenBucket::Time now{};
    TokenBucket bucket(3, 10, now);
    for (int connect = 0; connect < 3; ++connect) {
        EXPECT_EQ(bucket.take(now), milliseconds(0));
    }
    const milliseconds pause = bucket.take(now);
    EXPECT_GE(pause, milliseconds(100));
    EXPECT_LE(pause, milliseconds(102));

    now += milliseconds(101);
    EXPECT_EQ(bucket.take(now), milliseconds(0));
    EXPECT_GT(bucket.take(now), milliseconds(0));
}

TEST(TokenBucketTest, NeverHoldsMoreThanItsBurst) {
    TokenBucket::Time now{};
    TokenBucket bucket(2, 10, now);
    now += std::chrono::hours(1);
    EXPECT_EQ(bucket.take(now), milliseconds(0));
    EXPECT_EQ(bucket.take(now), milliseconds(0));
    EXPECT_GT(bucket.take(now), milliseconds(0));
}

}  // namespace
}  // namespace fermata::redis
