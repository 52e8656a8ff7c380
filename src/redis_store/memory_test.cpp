// RedisStore on servers whose memory is full, and when what waits is as much as may wait.
#include <chrono>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "redis_store/redis_store_fixture.h"

namespace fermata::redis_store {
namespace {

using std::chrono::milliseconds;
using store::CommitAnswer;
using store::CommitBatch;
using store::CommitStatus;
using store::Epoch;
using store::SessionCommit;
using store::test_session;
using store::test_step;
using store::wait;

class RedisStoreMemoryTest : public RedisStoreFixture {
  protected:
    // Of partition 0's primary, in bytes, as Redis compares it with maxmemory: what its replicas
    // have not taken yet does not count.
    std::uint64_t used_memory() {
        redis::Request request{probe_.keys.slot(0), redis::Command("INFO")};
        request.command.add("memory");
        const redis::Reply reply = probe_.send(std::move(request));
        const std::string text(reply.view().text());
        const auto bytes = [&](const std::string& name) {
            const std::size_t at = text.find(name);
            return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size()));
        };
        return bytes("used_memory:") - bytes("mem_not_counted_for_evict:");
    }
};

TEST_F(RedisStoreMemoryTest, AFullRedisLetsCommitsWaitAndOldRecordsGo) {
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 1);
    SessionCommit ended = test_step(b_, 1, "s");
    ended.end = store::EndRecord{"", 5'000};
    ASSERT_TRUE(commit(batch_of(epoch, {ended})));
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", "1"});

    std::promise<Result<CommitAnswer>> promise;
    store_->commit(batch_of(epoch, {rich_step(a_, 2)}),
                   [&](Result<CommitAnswer> result) { promise.set_value(std::move(result)); });
    auto answer = promise.get_future();
    EXPECT_TRUE(becomes([&] { return !store_->health().ready; }));
    EXPECT_NE(store_->health().reason.find("memory"), std::string::npos) << store_->health().reason;
    EXPECT_EQ(answer.wait_for(milliseconds(0)), std::future_status::timeout);
    EXPECT_EQ(load(a_)->seq, 1U);
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", "0"});

    const auto committed = answer.get();
    ASSERT_TRUE(committed) << committed.error().to_string();
    EXPECT_EQ(committed->sessions[0].status, CommitStatus::kCommitted);
    EXPECT_TRUE(becomes([&] { return store_->health().ready; }));
}

TEST_F(RedisStoreMemoryTest, RecordsExpireInAFullRedis) {
    const Epoch epoch = claim();
    SessionCommit ended = test_step(b_, 1, "s");
    ended.end = store::EndRecord{"", 5'000};
    ASSERT_TRUE(commit(batch_of(epoch, {ended})));
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", "1"});

    const auto forgotten =
        wait<std::size_t>([&](auto done) { store_->expire(5'001, 10, std::move(done)); });
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", "0"});

    ASSERT_TRUE(forgotten) << forgotten.error().to_string();
    EXPECT_EQ(*forgotten, 1U);
    EXPECT_FALSE(load(b_));
}

TEST_F(RedisStoreMemoryTest, WhatFreesMemoryIsCommittedInAFullRedis) {
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 1);
    commit_steps(epoch, b_, 1, 1);
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", "1"});

    SessionCommit last = test_step(a_, 2, "s");
    last.end = store::EndRecord{"", 4'000'000'000'000};
    const auto ended = commit(batch_of(epoch, {last}));
    CommitBatch confirmation;
    confirmation.epoch = epoch;
    confirmation.outbox_removed = {outbox().front().number};
    const auto confirmed = commit(std::move(confirmation));
    const auto released =
        wait<bool>([&](auto done) { store_->release(0, epoch, std::move(done)); });
    const Epoch next = claim();
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", "0"});

    ASSERT_TRUE(ended) << ended.error().to_string();
    EXPECT_EQ(ended->sessions[0].status, CommitStatus::kCommitted);
    EXPECT_TRUE(load(a_)->end);
    EXPECT_TRUE(confirmed) << confirmed.error().to_string();
    EXPECT_EQ(outbox().size(), 1U);
    EXPECT_TRUE(released) << released.error().to_string();
    EXPECT_GT(next, epoch);
}

// Partition 1 lives on the same primary as partition 0.
TEST_F(RedisStoreMemoryTest, RunningSessionsTakeFromAReserveAndThenWaitForOnesThatEnd) {
    const Epoch epoch = claim(0);
    const Epoch neighbours = claim(1);
    const SessionId neighbour = test_session(3, 1);
    commit_steps(epoch, a_, 1, 1);
    commit_steps(neighbours, neighbour, 1, 1);
    // In Redis only: a large argument would fill buffers too, which shrink again at any time.
    probe_.ask({"SETRANGE", probe_.keys.key(0, "filler"), std::to_string(16U << 20U), "x"});
    const std::uint64_t used = used_memory();

    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", std::to_string(used / 100 * 98)});
    const auto from_reserve = commit(batch_of(epoch, {rich_step(a_, 2)}));
    using Service = store::StoreHealth::Service;
    const auto serves = [&](Service wanted) {
        return becomes([&] { return store_->partition_health(0).service == wanted; });
    };
    EXPECT_TRUE(serves(Service::kRunning));
    EXPECT_FALSE(store_->health().ready);
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", std::to_string(used / 2)});
    std::promise<Result<CommitAnswer>> promise;
    store_->commit(batch_of(epoch, {rich_step(a_, 3)}),
                   [&](Result<CommitAnswer> result) { promise.set_value(std::move(result)); });
    auto waiting = promise.get_future();
    SessionCommit last = test_step(neighbour, 2, "s");
    last.end = store::EndRecord{"", 4'000'000'000'000};
    EXPECT_TRUE(serves(Service::kEnding));
    const auto ended = commit(batch_of(neighbours, {last}));
    const bool has_waited = waiting.wait_for(milliseconds(0)) == std::future_status::timeout;
    probe_.ask({"DEL", probe_.keys.key(0, "filler")});
    const auto committed = waiting.get();
    probe_.on_all_primaries({"CONFIG", "SET", "maxmemory", "0"});
    EXPECT_TRUE(serves(Service::kAll));

    ASSERT_TRUE(from_reserve) << from_reserve.error().to_string();
    EXPECT_EQ(from_reserve->sessions[0].status, CommitStatus::kCommitted);
    EXPECT_TRUE(ended) << ended.error().to_string();
    EXPECT_TRUE(has_waited);
    ASSERT_TRUE(committed) << committed.error().to_string();
    EXPECT_EQ(committed->sessions[0].status, CommitStatus::kCommitted);
    EXPECT_EQ(load(a_)->seq, 3U);
}

TEST_F(RedisStoreMemoryTest, QueuesAreBoundedInBytes) {
    Options small = options();
    small.queue_bytes_max = 10'000;
    store_.reset();
    open(small);
    const Epoch epoch = claim();
    CommitBatch large = batch_of(epoch, {test_step(a_, 1, std::string(20'000, 'x'))});

    const auto refused = commit(large);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kOverloaded);
    store::InboxAppend append;
    append.records = {{a_, 0, std::string(20'000, 'x')}};
    const auto full =
        wait<store::InboxAnswer>([&](auto done) { store_->append_inbox(append, std::move(done)); });
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code(), ErrorCode::kOverloaded);
    ASSERT_TRUE(commit(batch_of(epoch, {test_step(a_, 1, "x")})));
}

}  // namespace
}  // namespace fermata::redis_store
