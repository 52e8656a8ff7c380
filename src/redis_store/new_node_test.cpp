// RedisStore while a node that has no slots yet gets its first, on a real cluster. Needs
// with_redis.py
// --spare 1: see testing.h.
#include <chrono>
#include <future>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "redis/topology.h"
#include "redis_store/redis_store_fixture.h"
#include "redis_store/testing_servers.h"

namespace fermata::redis_store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::CommitAnswer;
using store::CommitStatus;
using store::Epoch;

class RedisStoreNewNodeTest : public RedisStoreFixture {
  protected:
    redis::Address new_node() {
        const redis::Reply shards = probe_.ask({"CLUSTER", "SHARDS"});
        const auto topology = redis::decode_cluster_shards(shards.view(), {"127.0.0.1", false});
        EXPECT_TRUE(topology && topology->idle.size() == 1);
        return topology->idle.at(0).address;
    }
};

TEST_F(RedisStoreNewNodeTest, ItsFirstSlotWaitsForAllKeysWhenAFailoverToreItApart) {
    // As a server that was started before the node was there.
    const redis::Address added = new_node();
    Options older = options();
    std::erase(older.client.nodes, added);
    ASSERT_LT(older.client.nodes.size(), options().client.nodes.size());
    store_.reset();
    open(older);
    const Epoch epoch = claim();
    commit_steps(epoch, a_, 1, 3);
    commit_steps(epoch, b_, 1, 2);
    const Servers servers(probe_, 0);
    SlotMove move(probe_, probe_.keys.slot(0), added);
    move.begin();
    for (const char* const name : {"owner", "sessions", "outbox"}) {
        move.move_key(probe_.keys.key(0, name));
    }
    move.move_key(probe_.keys.session(0, a_.key()));
    Servers::control("failover", servers.primary());

    std::promise<Result<CommitAnswer>> committed;
    store_->commit(batch_of(epoch, {rich_step(a_, 4)}),
                   [&](auto answer) { committed.set_value(std::move(answer)); });
    auto answer = committed.get_future();
    EXPECT_TRUE(becomes([&] {
        const store::StoreHealth health = store_->partition_health(0);
        return health.reason.find("its keys are on two servers") != std::string::npos;
    }));
    EXPECT_EQ(answer.wait_for(milliseconds(0)), std::future_status::timeout);

    Servers::mend();
    ASSERT_EQ(answer.wait_for(seconds(60)), std::future_status::ready);
    const auto done = answer.get();
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(done->sessions[0].status, CommitStatus::kCommitted);
    EXPECT_EQ(load(a_)->seq, 4U);
    EXPECT_EQ(load(b_)->seq, 2U);
    EXPECT_EQ(outbox().size(), 6U);
    EXPECT_EQ(store_->redo_counters().calls_redone, 0U);
    EXPECT_TRUE(becomes([&] { return store_->health().ready; }));
}

}  // namespace
}  // namespace fermata::redis_store
