// RedisStore when things go wrong, on a real cluster: replies that get lost, histories that go
// back, slots that are being moved, scripts that are forgotten. See testing.h.
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "redis_store/commit_encoder.h"
#include "redis_store/redis_store_fixture.h"
#include "redis_store/testing_servers.h"

namespace fermata::redis_store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::CommitAnswer;
using store::CommitBatch;
using store::CommitStatus;
using store::Epoch;
using store::SessionCommit;
using store::test_session;
using store::test_step;
using store::wait;

class RedisStoreFaultsTest : public RedisStoreFixture {};

TEST_F(RedisStoreFaultsTest, ACallThatComesTwiceIsAnsweredTwiceAndAppliedOnce) {
    const Epoch epoch = claim();
    const CommitBatch batch = batch_of(epoch, {rich_step(a_, 1), rich_step(b_, 1)});
    const Keys keys(cluster_, kPartitions);
    const EncodedCommit encoded = encode_commit(batch, keys, {seconds(1000), seconds(10)}, {3});
    const auto send = [&] {
        return std::string(
            probe_.send({keys.slot(0), numbered(encoded.command, epoch, 1, 0)}).view().text());
    };

    const std::string first = send();
    const auto once = content();
    const std::string second = send();

    EXPECT_EQ(first.substr(0, 3), "OK ");
    EXPECT_EQ(second, first);
    EXPECT_EQ(content(), once);
}

TEST_F(RedisStoreFaultsTest, AnswersAreTheSameAlsoForCallsThatSkippedSomething) {
    const Epoch epoch = claim();
    ASSERT_TRUE(commit(batch_of(epoch, {rich_step(a_, 1)})));
    const Keys keys(cluster_, kPartitions);
    const CommitBatch batch = batch_of(epoch, {rich_step(a_, 1), rich_step(b_, 1)});
    const EncodedCommit encoded = encode_commit(batch, keys, {seconds(1000), seconds(10)}, {3});
    const auto send = [&] {
        const redis::Reply reply =
            probe_.send({keys.slot(0), numbered(encoded.command, epoch, 2, 0)});
        return decode_commit_answer(*check_batch(batch), {false, reply.view().text().substr(3)});
    };

    const auto first = send();
    const auto second = send();

    ASSERT_TRUE(first && second);
    for (const auto& answer : {*first, *second}) {
        EXPECT_EQ(answer.sessions[0].status, CommitStatus::kAlready);
        EXPECT_EQ(answer.sessions[1].status, CommitStatus::kCommitted);
    }
    EXPECT_EQ(first->sessions[1].first_outbox_number, second->sessions[1].first_outbox_number);
    EXPECT_EQ(outbox().back().number, first->sessions[1].first_outbox_number);
}

TEST_F(RedisStoreFaultsTest, ConnectionsThatBreakAgainAndAgainLoseAndRepeatNothing) {
    constexpr std::uint64_t kSteps = 300;
    const Epoch epoch = claim();
    std::atomic<bool> stop = false;
    std::thread breaker([&] {
        while (!stop) {
            probe_.on_all_primaries({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
            std::this_thread::sleep_for(milliseconds(10));  // pause: between two breaks
        }
    });

    commit_steps(epoch, a_, 1, kSteps);
    stop = true;
    breaker.join();

    const auto entries = outbox();
    ASSERT_EQ(entries.size(), kSteps);
    for (std::uint64_t seq = 1; seq <= kSteps; ++seq) {
        EXPECT_EQ(entries[seq - 1].payload, "out " + std::to_string(seq));
    }
    EXPECT_EQ(load(a_)->seq, kSteps);
    EXPECT_GT(store_->status().counters.connection_losses, 0U);
}

TEST_F(RedisStoreFaultsTest, AHistoryThatWentBackIsMadeGoodBeforeAnythingNewIsAnswered) {
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 3);
    const Snapshot old = snapshot();
    commit_steps(epoch, a_, 4, 8);
    SessionCommit last = test_step(b_, 1, "short life");
    last.end = store::EndRecord{"end", 4'000'000'000'000};
    ASSERT_TRUE(commit(batch_of(epoch, {last})));
    const auto before = content();

    go_back_to(old);
    ASSERT_NE(content(), before);
    CommitBatch nothing;
    nothing.epoch = epoch;
    ASSERT_TRUE(commit(nothing));

    EXPECT_EQ(content(), before);
    EXPECT_EQ(store_->redo_counters().partitions_lost, 0U);
    EXPECT_TRUE(becomes([&] { return store_->redo_counters().calls_redone == 6; }));
    commit_steps(epoch, a_, 9, 9);
    EXPECT_EQ(outbox().size(), 9U);
}

TEST_F(RedisStoreFaultsTest, AClaimThatRedisHasLostIsMadeAgain) {
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 3);
    const auto before = content();
    const auto numbers = outbox();

    go_back_to({});
    commit_steps(epoch, a_, 4, 4);

    EXPECT_EQ(load(a_)->seq, 4U);
    const auto again = outbox();
    ASSERT_EQ(again.size(), 4U);
    for (std::size_t at = 0; at < numbers.size(); ++at) {
        EXPECT_EQ(again[at].number, numbers[at].number);
    }
    EXPECT_GT(again[3].number, again[2].number);
}

// And the entries of calls that are made again keep their numbers: their owner knows them already.
TEST_F(RedisStoreFaultsTest, WhatOthersAppendedInBetweenStaysWhenCallsAreMadeAgain) {
    const auto inbox = [&] {
        const auto records = wait<std::vector<store::InboxRecord>>(
            [&](auto done) { store_->list_inbox(0, 0, 100, std::move(done)); });
        EXPECT_TRUE(records) << records.error().to_string();
        std::map<std::uint64_t, std::string> by_number;
        for (const store::InboxRecord& record : *records) {
            by_number[record.number] = record.payload;
        }
        return by_number;
    };
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 2);
    const Snapshot old = snapshot();
    commit_steps(epoch, a_, 3, 4);
    auto expected = inbox();
    ASSERT_EQ(expected.size(), 4U);
    auto other = RedisStore::open(options());
    ASSERT_TRUE(other);

    go_back_to(old);
    store::InboxAppend append;
    append.records = {{a_, 0, "from elsewhere"}};
    const auto appended = wait<store::InboxAnswer>(
        [&](auto done) { (*other)->append_inbox(append, std::move(done)); });
    ASSERT_TRUE(appended);
    CommitBatch nothing;
    nothing.epoch = epoch;
    ASSERT_TRUE(commit(nothing));

    expected[appended->numbers[0]] = "from elsewhere";
    EXPECT_EQ(inbox(), expected);
    commit_steps(epoch, a_, 5, 5);
    EXPECT_EQ(inbox().rbegin()->second, "in 5");
}

TEST_F(RedisStoreFaultsTest, AHistoryOlderThanTheLogIsSaidAndTakenAsItIs) {
    Options small = options();
    small.replay_bytes_max = 1;
    store_.reset();
    open(small);
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 2);
    const Snapshot old = snapshot();
    commit_steps(epoch, a_, 3, 4);

    go_back_to(old);
    const auto refused = commit(batch_of(epoch, {rich_step(a_, 5)}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    const auto late = commit(batch_of(epoch, {rich_step(a_, 5)}));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::kUnavailable);
    EXPECT_TRUE(becomes([&] { return store_->redo_counters().partitions_lost == 1; }));

    EXPECT_EQ(load(a_)->seq, 2U);
    const Epoch again = claim();
    EXPECT_GT(again, epoch);
    commit_steps(again, a_, 3, 3);
}

TEST_F(RedisStoreFaultsTest, ForgottenScriptsAreLoadedAgain) {
    const Epoch epoch = claim();
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
        probe_.on_all_primaries({"SCRIPT", "FLUSH"});
        commit_steps(epoch, a_, seq, seq);
        EXPECT_EQ(load(a_)->seq, seq);
    }
}

// One key after the other goes to another primary while commits go on. Those that need keys of both
// places, or make new ones, wait; none is done by half.
TEST_F(RedisStoreFaultsTest, CommitsGoOnWhileTheirSlotIsMoved) {
    if (is_standalone()) {
        GTEST_SKIP() << "no slots to move";
    }
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 2);
    SlotMove move(probe_, probe_.keys.slot(0));
    move.begin();
    // All keys are at their old place still: nothing is in the way.
    CommitBatch removal;
    removal.epoch = epoch;
    removal.outbox_removed = {outbox().at(0).number};
    ASSERT_TRUE(commit(removal));
    std::atomic<bool> stop = false;
    std::uint64_t last = 2;
    std::thread committer([&] {
        while (!stop || last < 10) {
            ++last;
            commit_steps(epoch, a_, last, last);
        }
    });

    while (move.move_one_key()) {
        std::this_thread::sleep_for(milliseconds(20));  // pause: commits meet each half
    }
    move.end();
    stop = true;
    committer.join();

    const auto entries = outbox();
    ASSERT_EQ(entries.size(), last - 1);
    for (std::uint64_t seq = 2; seq <= last; ++seq) {
        EXPECT_EQ(entries[seq - 2].seq, seq);
    }
    const auto timers = wait<std::vector<store::TimerRecord>>(
        [&](auto done) { store_->session_timers(a_, std::move(done)); });
    ASSERT_TRUE(timers);
    ASSERT_EQ(timers->size(), 1U);
    EXPECT_EQ(timers->at(0).number, last);
    EXPECT_EQ(store_->redo_counters().partitions_lost, 0U);
}

// What lists sessions and timers has arrived, their records have not.
TEST_F(RedisStoreFaultsTest, APartitionThatIsHalfMovedIsReadWhole) {
    if (is_standalone()) {
        GTEST_SKIP() << "no slots to move";
    }
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 2);
    commit_steps(epoch, b_, 1, 3);
    // Every primary knows the scripts: none has a reason of its own to refuse.
    for (Partition partition = 0; partition < kPartitions; ++partition) {
        ASSERT_TRUE(wait<store::SessionPage>([&](auto done) {
            store_->list_sessions(partition, store::SessionPhase::kLive, "", 10, std::move(done));
        }));
        ASSERT_TRUE(wait<store::TimerPage>([&](auto done) {
            store_->list_timers(partition, 0, 1'000'000, 10, 0, std::move(done));
        }));
    }
    SlotMove move(probe_, probe_.keys.slot(0));
    move.begin();
    move.move_key(probe_.keys.key(0, "sessions"));
    move.move_key(probe_.keys.key(0, "timers"));

    const std::uint64_t retries = store_->status().counters.retries;
    std::promise<Result<store::SessionPage>> page;
    store_->list_sessions(0, store::SessionPhase::kLive, "", 10,
                          [&](auto told) { page.set_value(std::move(told)); });
    std::promise<Result<store::TimerPage>> timers;
    store_->list_timers(0, 0, 1'000'000, 10, 0,
                        [&](auto told) { timers.set_value(std::move(told)); });
    EXPECT_TRUE(becomes([&] { return store_->status().counters.retries >= retries + 2; }));
    while (move.move_one_key()) {
    }
    move.end();

    const auto sessions = page.get_future().get();
    ASSERT_TRUE(sessions) << sessions.error().to_string();
    ASSERT_EQ(sessions->sessions.size(), 2U);
    EXPECT_EQ(sessions->sessions[0].seq + sessions->sessions[1].seq, 5U);
    const auto both = timers.get_future().get();
    ASSERT_TRUE(both) << both.error().to_string();
    EXPECT_EQ(both->timers.size(), 2U);
}

// Redis forgets with the old primary that it was moving the slot: the new one says of the keys that
// had left that they do not exist.
TEST_F(RedisStoreFaultsTest, APartitionThatAFailoverToreApartWaitsForAllOfItsKeys) {
    if (is_standalone()) {
        GTEST_SKIP() << "no slots to move";
    }
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 3);
    commit_steps(epoch, b_, 1, 2);
    const Servers servers(probe_, 0);
    SlotMove move(probe_, probe_.keys.slot(0));
    move.begin();
    for (const char* const name : {"owner", "sessions", "outbox"}) {
        move.move_key(probe_.keys.key(0, name));
    }
    move.move_key(probe_.keys.session(0, a_.key()));
    Servers::control("failover", servers.primary());

    // Nobody asked for anything since: the owner itself looks what it has.
    EXPECT_TRUE(becomes([&] {
        const store::StoreHealth health = store_->partition_health(0);
        return !health.serves(store::StoreHealth::Service::kEnding) &&
               health.reason.find("its keys are on two servers") != std::string::npos;
    }));
    const auto late = RedisStore::open(options());  // has not seen any of it
    ASSERT_TRUE(late) << late.error().to_string();
    std::promise<Result<store::Epoch>> claimed;
    (*late)->claim(0, 2, [&](auto told) { claimed.set_value(std::move(told)); });
    EXPECT_TRUE(becomes([&] { return !(*late)->partition_health(0).ready; }));
    (*late)->close();
    EXPECT_FALSE(claimed.get_future().get());

    std::promise<Result<CommitAnswer>> committed;
    store_->commit(batch_of(epoch, {rich_step(a_, 4)}),
                   [&](auto answer) { committed.set_value(std::move(answer)); });
    std::promise<Result<store::SessionPage>> page;
    store_->list_sessions(0, store::SessionPhase::kLive, "", 10,
                          [&](auto told) { page.set_value(std::move(told)); });
    auto answer = committed.get_future();
    auto sessions = page.get_future();
    EXPECT_EQ(answer.wait_for(seconds(1)), std::future_status::timeout);
    EXPECT_EQ(sessions.wait_for(milliseconds(0)), std::future_status::timeout);

    Servers::mend();
    const auto done = answer.get();
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(done->sessions[0].status, CommitStatus::kCommitted);
    const auto all = sessions.get();
    ASSERT_TRUE(all) << all.error().to_string();
    EXPECT_EQ(all->sessions.size(), 2U);
    EXPECT_EQ(load(a_)->seq, 4U);
    EXPECT_EQ(load(b_)->seq, 2U);
    EXPECT_EQ(outbox().size(), 6U);
    EXPECT_EQ(store_->redo_counters().calls_redone, 0U);
    EXPECT_TRUE(becomes([&] { return store_->health().ready; }));
}

// A session that ends empties keys in the middle of the script.
TEST_F(RedisStoreFaultsTest, SessionsEndWhileTheirSlotIsMoved) {
    if (is_standalone()) {
        GTEST_SKIP() << "no slots to move";
    }
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 2);
    SessionCommit ended = test_step(b_, 1, "s");
    ended.end = store::EndRecord{"", 4'000'000'000'000};
    ASSERT_TRUE(commit(batch_of(epoch, {ended})));  // so that the key of expiry is there
    SlotMove move(probe_, probe_.keys.slot(0));
    move.begin();

    SessionCommit last = test_step(a_, 3, "s");
    last.timers_removed = {{10'002, 2}};
    for (const store::OutboxRecord& record : outbox()) {
        last.outbox_removed.push_back(record.number);
    }
    last.end = store::EndRecord{"", 4'000'000'000'000};
    const auto answer = commit(batch_of(epoch, {last}));
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->sessions[0].status, CommitStatus::kCommitted);
    while (move.move_one_key()) {
    }
    move.end();

    EXPECT_TRUE(load(a_)->end);
    EXPECT_TRUE(outbox().empty());
    for (const char* const name : {"timers", "inbox", "outbox"}) {
        EXPECT_EQ(probe_.ask({"EXISTS", probe_.keys.key(0, name)}).view().integer(), 0) << name;
    }
}

TEST_F(RedisStoreFaultsTest, AnotherPartitionCountIsRefusedAndToolsTakeWhatIsThere) {
    Options other = options();
    other.partition_count = 32;
    const auto refused = RedisStore::open(other);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);

    other.partition_count = 0;
    const auto taken = RedisStore::open(other);
    ASSERT_TRUE(taken);
    EXPECT_EQ((*taken)->facts().partition_count, kPartitions);
    other.cluster = test_cluster();
    const auto missing = RedisStore::open(other);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
}

// What is only on the primary may be gone with it, and come again.
TEST_F(RedisStoreFaultsTest, AnOwnerReadsOfItsInboxOnlyWhatIsDurable) {
    if (is_standalone()) {
        GTEST_SKIP() << "no replicas";
    }
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 1);
    Options hasty = options();
    hasty.client.wait_replicas = 0;
    auto other = RedisStore::open(hasty);
    ASSERT_TRUE(other);
    using Page = std::vector<store::InboxRecord>;
    const auto page_of = [](RedisStore& store) {
        return wait<Page>([&](auto done) { store.list_inbox(0, 0, 100, std::move(done)); });
    };
    ASSERT_EQ(page_of(*store_)->size(), 1U);
    Servers servers(probe_, 0);
    ASSERT_TRUE(becomes([&] { return servers.replica_is_level(); }));
    servers.control("pause", servers.replica());
    store::InboxAppend append;
    append.records = {{a_, 0, "from elsewhere"}};
    ASSERT_TRUE(wait<store::InboxAnswer>(
        [&](auto done) { (*other)->append_inbox(append, std::move(done)); }));
    auto promise = std::make_shared<std::promise<Result<Page>>>();
    auto read = promise->get_future();
    store_->list_inbox(0, 0, 100,
                       [promise](Result<Page> page) { promise->set_value(std::move(page)); });
    for (int times = 0; times < 50; ++times) {
        ASSERT_EQ(page_of(**other)->size(), 2U);  // who does not own it just looks
    }
    EXPECT_EQ(read.wait_for(seconds(0)), std::future_status::timeout);
    servers.control("resume", servers.replica());

    ASSERT_EQ(read.wait_for(seconds(30)), std::future_status::ready);
    EXPECT_EQ(read.get()->size(), 2U);
}

// A replica that lacks the last commits takes over. The partition is idle: nobody sends anything.
TEST_F(RedisStoreFaultsTest, AnIdlePartitionIsMadeGoodAfterAFailoverThatLostCommits) {
    if (is_standalone()) {
        GTEST_SKIP() << "no replicas";
    }
    Options alone = options();
    alone.client.wait_replicas = 0;
    store_.reset();
    open(alone);
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 3);
    Servers servers(probe_, 0);
    // The replica must have the first steps before it stops listening.
    ASSERT_TRUE(becomes([&] { return servers.replica_is_level(); }));
    servers.control("pause", servers.replica());
    // More than the sockets on the way hold; what they hold arrives late.
    constexpr std::uint64_t kLarge = 32;
    for (std::uint64_t number = 1; number <= kLarge; ++number) {
        ASSERT_TRUE(commit(batch_of(
            epoch, {test_step(test_session(100 + number), 1, std::string(1U << 20U, 'x'))})));
    }
    commit_steps(epoch, a_, 4, 20);
    const auto before = content();
    servers.control("kill", servers.primary());
    servers.control("resume", servers.replica());

    EXPECT_TRUE(becomes([&] { return store_->redo_counters().calls_redone > 17; }, seconds(60)))
        << store_->redo_counters().calls_redone;
    EXPECT_EQ(load(a_)->seq, 20U);
    EXPECT_EQ(content(), before);
    commit_steps(epoch, a_, 21, 21);
    servers.control("restart", servers.primary());
    servers.wait_healthy();
}

}  // namespace
}  // namespace fermata::redis_store
