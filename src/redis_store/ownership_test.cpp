// RedisStore while partitions have other owners, or their primary is away, on a real cluster. See
// testing.h.
#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "redis_store/redis_store_fixture.h"
#include "redis_store/testing_servers.h"

namespace fermata::redis_store {
namespace {

using std::chrono::seconds;
using store::CommitAnswer;
using store::CommitStatus;
using store::Epoch;
using store::wait;

class RedisStoreOwnershipTest : public RedisStoreFixture {};

TEST_F(RedisStoreOwnershipTest, AnotherOwnersClaimFencesEveryLaterCommit) {
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 2);
    auto other = RedisStore::open(options());
    ASSERT_TRUE(other);
    const Epoch newer = claim(**other);
    EXPECT_GT(newer, epoch);
    const Snapshot before = snapshot();

    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto late = commit(batch_of(epoch, {rich_step(a_, 3)}));
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().code(), ErrorCode::kFenced);
    }
    EXPECT_EQ(snapshot(), before);
    const auto answer = wait<CommitAnswer>(
        [&](auto done) { (*other)->commit(batch_of(newer, {rich_step(a_, 3)}), std::move(done)); });
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->sessions[0].status, CommitStatus::kCommitted);
}

// A process that starts again may find that others should have what its former life owned.
TEST_F(RedisStoreOwnershipTest, APartitionIsHandedBackByAProcessThatDidNotClaimIt) {
    const Epoch former = claim();
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 1);
    auto restarted = RedisStore::open(options());
    ASSERT_TRUE(restarted);
    const auto release = [&restarted](Epoch of) {
        return wait<bool>([&](auto done) { (*restarted)->release(0, of, std::move(done)); });
    };
    const auto owner = [&restarted] {
        return wait<store::OwnerList>(
                   [&](auto done) { (*restarted)->list_owners(std::move(done)); })
            ->at(0);
    };

    const auto late = release(former);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::kFenced);
    EXPECT_EQ(owner(), (store::Ownership{1, epoch}));

    EXPECT_EQ(release(epoch).value_or(false), true);
    EXPECT_EQ(owner(), (store::Ownership{store::kNobody, epoch}));
    EXPECT_EQ(release(epoch).value_or(true), false);
    EXPECT_GT(claim(**restarted), epoch);
}

TEST_F(RedisStoreOwnershipTest, OwnersAreListedWhileAPrimaryIsAway) {
    if (is_standalone()) {
        GTEST_SKIP() << "one primary";
    }
    const auto list = [this] {
        return wait<store::OwnerList>([&](auto done) { store_->list_owners(std::move(done)); });
    };
    const Epoch epoch = claim(0);
    const auto whole = list();
    ASSERT_TRUE(whole);
    Servers servers(probe_, 0);
    servers.control("pause", servers.primary());

    // Not for as long as it takes the replica to be elected.
    const auto owners = list();
    ASSERT_TRUE(owners) << owners.error().to_string();
    EXPECT_FALSE(owners->at(0));
    EXPECT_GT(std::count_if(owners->begin(), owners->end(),
                            [](const auto& owner) { return owner.has_value(); }),
              0);
    servers.control("resume", servers.primary());

    EXPECT_EQ(whole->at(0), (store::Ownership{1, epoch}));
    EXPECT_TRUE(becomes([&] { return list().value_or(store::OwnerList()) == *whole; }));
    servers.wait_healthy();
}

// The owner does not know yet that it lost the partition when the history goes back.
TEST_F(RedisStoreOwnershipTest, AFencedOwnerMakesNothingAgain) {
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 1);
    const Snapshot old = snapshot();
    commit_steps(epoch, a_, 2, 3);
    go_back_to(old);
    auto other = RedisStore::open(options());
    ASSERT_TRUE(other);
    claim(**other);
    const Snapshot before = snapshot();

    const auto late = commit(batch_of(epoch, {rich_step(a_, 4)}));

    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::kFenced);
    EXPECT_EQ(snapshot(), before);
}

// The one who owned the partition learns of both at the same time: its primary is another one, and
// so is its owner. What it reads meanwhile waits until the first is looked into, and is answered.
TEST_F(RedisStoreOwnershipTest, ReadsAreAnsweredWhenAFailoverShowsThatThePartitionIsAnothers) {
    if (is_standalone()) {
        GTEST_SKIP() << "no replicas";
    }
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 1);
    auto other = RedisStore::open(options());
    ASSERT_TRUE(other);
    claim(**other);
    Servers servers(probe_, 0);
    servers.control("kill", servers.primary());

    auto committed = std::make_shared<std::promise<Result<CommitAnswer>>>();
    auto fate = committed->get_future();
    store_->commit(batch_of(epoch, {rich_step(a_, 2)}), [committed](Result<CommitAnswer> answer) {
        committed->set_value(std::move(answer));
    });
    using Record = std::optional<store::SessionRecord>;
    auto read = std::make_shared<std::promise<Result<Record>>>();
    auto record = read->get_future();
    store_->load_session(a_, [read](Result<Record> found) { read->set_value(std::move(found)); });

    ASSERT_EQ(fate.wait_for(seconds(60)), std::future_status::ready);
    EXPECT_EQ(fate.get().error().code(), ErrorCode::kFenced);
    ASSERT_EQ(record.wait_for(seconds(30)), std::future_status::ready);
    EXPECT_EQ(record.get()->value().seq, 1U);
    servers.control("restart", servers.primary());
    servers.wait_healthy();
}

}  // namespace
}  // namespace fermata::redis_store
