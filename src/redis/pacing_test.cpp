#include <thread>

#include <gtest/gtest.h>

#include "redis/backoff.h"
#include "redis/gathering.h"
#include "redis/mailbox.h"
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

// A batch was answered; then so many writes came back.
void pass_batch(Gathering& gathering, std::size_t requests, std::size_t returned) {
    const Gathering::Time now{};
    gathering.begin(requests, now, now);
    gathering.end(returned);
}

TEST(GatheringTest, WaitsForAsManyAsCameBackBefore) {
    constexpr std::size_t kBatch = 20;
    const Gathering::Time sent{};
    const Gathering::Time answered = sent + milliseconds(4);
    Gathering gathering;
    gathering.begin(kBatch, sent, answered);
    EXPECT_FALSE(gathering.is_on(0, answered));
    gathering.end(1);
    for (const std::size_t wanted : {3U, 7U, 15U, 20U, 20U}) {
        gathering.begin(kBatch, sent, answered);
        EXPECT_TRUE(gathering.is_on(wanted - 1, answered));
        EXPECT_EQ(gathering.missing(wanted - 1), 1U);
        EXPECT_FALSE(gathering.is_on(wanted, answered));
        gathering.end(wanted);
        EXPECT_FALSE(gathering.is_on(0, answered));
    }
}

TEST(GatheringTest, CallersThatDoNotComeBackAreNotWaitedForForLong) {
    Gathering gathering;
    pass_batch(gathering, 20, 20);
    const Gathering::Time sent{};
    const Gathering::Time answered = sent + milliseconds(4);
    gathering.begin(20, sent, answered);
    EXPECT_TRUE(gathering.is_on(2, answered + std::chrono::microseconds(499)));
    EXPECT_FALSE(gathering.is_on(2, answered + std::chrono::microseconds(500)));
    gathering.end(2);
    gathering.begin(20, sent, answered);
    EXPECT_TRUE(gathering.is_on(4, answered));
    EXPECT_FALSE(gathering.is_on(5, answered));
}

TEST(GatheringTest, ASlowBatchMakesNobodyWaitLonger) {
    Gathering gathering;
    pass_batch(gathering, 20, 20);
    const Gathering::Time sent{};
    const Gathering::Time answered = sent + std::chrono::seconds(4);
    gathering.begin(20, sent, answered);
    EXPECT_EQ(gathering.until(), answered + Gathering::kLongest);
}

TEST(MailboxTest, WhoAwaitsSeveralMailsIsWokenByTheLast) {
    constexpr std::size_t kMails = 3;
    Mailbox mailbox;
    std::thread sender([&] {
        for (std::size_t number = 0; number < kMails; ++number) {
            EXPECT_NE(mailbox.put({nullptr, [] {}}), Mailbox::Put::kClosed);
        }
    });
    mailbox.await(kMails, std::chrono::steady_clock::now() + std::chrono::seconds(60));
    std::vector<Mail> mails;
    mailbox.take(mails);
    EXPECT_EQ(mails.size(), kMails);
    sender.join();
}

TEST(MailboxTest, WhoAwaitsMoreThanComesTakesWhatThereIs) {
    Mailbox mailbox;
    EXPECT_EQ(mailbox.put({nullptr, [] {}}), Mailbox::Put::kFirst);
    EXPECT_EQ(mailbox.put({nullptr, [] {}}), Mailbox::Put::kBehind);
    mailbox.await(3, std::chrono::steady_clock::now() + milliseconds(1));
    std::vector<Mail> mails;
    mailbox.take(mails);
    EXPECT_EQ(mails.size(), 2U);
    EXPECT_EQ(mailbox.put({nullptr, [] {}}), Mailbox::Put::kFirst);
}

}  // namespace
}  // namespace fermata::redis
