// For tests of RedisStore on a real cluster: a store of one's own, what is in Redis beside it, and
// histories that go back. See testing.h.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "redis_store/redis_store.h"
#include "redis_store/testing.h"
#include "store/testing.h"

namespace fermata::redis_store {

inline constexpr Partition kPartitions = 16;

template <typename Condition>
bool becomes(const Condition& condition,
             std::chrono::milliseconds timeout = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));  // poll
    }
    return true;
}

class RedisStoreFixture : public testing::Test {
  protected:
    RedisStoreFixture() : probe_(cluster_, kPartitions) { open(options()); }

    [[nodiscard]] Options options() const {
        Options options = test_options(cluster_, kPartitions);
        options.journal.length = 3;
        // Longer than any test, on any machine: what falls out of it is not what they are about.
        options.replay_window = std::chrono::minutes(10);
        return options;
    }
    void open(const Options& options) {
        auto opened = RedisStore::open(options);
        ASSERT_TRUE(opened) << opened.error().to_string();
        store_ = *std::move(opened);
    }
    store::Epoch claim(RedisStore& store, Partition partition = 0) {
        const auto epoch = store::wait<store::Epoch>(
            [&](auto done) { store.claim(partition, 1, std::move(done)); });
        EXPECT_TRUE(epoch) << epoch.error().to_string();
        return epoch.value_or(0);
    }
    store::Epoch claim(Partition partition = 0) { return claim(*store_, partition); }
    Result<store::CommitAnswer> commit(store::CommitBatch batch) {
        return store::wait<store::CommitAnswer>(
            [&](auto done) { store_->commit(std::move(batch), std::move(done)); });
    }
    static store::CommitBatch batch_of(store::Epoch epoch,
                                       std::vector<store::SessionCommit> sessions) {
        store::CommitBatch batch;
        batch.partition = sessions.front().session.partition();
        batch.epoch = epoch;
        batch.sessions = std::move(sessions);
        return batch;
    }
    // A step with something in every table.
    static store::SessionCommit rich_step(const SessionId& session, std::uint64_t seq) {
        store::SessionCommit step = store::test_step(session, seq, "state " + std::to_string(seq));
        step.fields.push_back({"d.x", std::to_string(seq)});
        step.timers_set = {{session, seq, static_cast<UnixMillis>(10'000 + seq), "timer"}};
        if (seq > 1) {
            step.timers_removed = {{static_cast<UnixMillis>(10'000 + seq - 1), seq - 1}};
        }
        step.inbox_added = {{session, 0, "in " + std::to_string(seq)}};
        step.outbox_added = {{session, seq, 0, 0, "out " + std::to_string(seq)}};
        step.answers = {{"key " + std::to_string(seq), "answer", 4'000'000'000'000}};
        step.journal = store::JournalRecord{session, seq, 1000, "journal"};
        return step;
    }
    void commit_steps(store::Epoch epoch, const SessionId& session, std::uint64_t from,
                      std::uint64_t to) {
        for (std::uint64_t seq = from; seq <= to; ++seq) {
            const auto answer = commit(batch_of(epoch, {rich_step(session, seq)}));
            ASSERT_TRUE(answer) << answer.error().to_string();
            ASSERT_EQ(answer->sessions[0].status, store::CommitStatus::kCommitted);
        }
    }
    std::optional<store::SessionRecord> load(const SessionId& session) {
        const auto record = store::wait<std::optional<store::SessionRecord>>(
            [&](auto done) { store_->load_session(session, std::move(done)); });
        EXPECT_TRUE(record) << record.error().to_string();
        return record.value_or(std::nullopt);
    }
    std::vector<store::OutboxRecord> outbox(Partition partition = 0) {
        const auto records = store::wait<std::vector<store::OutboxRecord>>(
            [&](auto done) { store_->list_outbox(partition, 0, 100'000, std::move(done)); });
        EXPECT_TRUE(records) << records.error().to_string();
        return records.value_or(std::vector<store::OutboxRecord>());
    }

    // Every key of the partition as DUMP gives it.
    using Snapshot = std::map<std::string, std::string>;
    Snapshot snapshot(Partition partition = 0) {
        Snapshot snapshot;
        for (const std::string& key : probe_.keys_of(partition)) {
            snapshot[key] = std::string(probe_.ask({"DUMP", key}).view().text());
        }
        return snapshot;
    }
    // As if Redis had never heard of anything since.
    void go_back_to(const Snapshot& snapshot, Partition partition = 0) {
        for (const std::string& key : probe_.keys_of(partition)) {
            probe_.ask({"DEL", key});
        }
        for (const auto& [key, dump] : snapshot) {
            probe_.ask({"RESTORE", key, "600000", dump});
        }
    }
    // Keys but the owner's, in readable form.
    std::map<std::string, std::vector<std::string>> content(Partition partition = 0) {
        std::map<std::string, std::vector<std::string>> content;
        for (const std::string& key : probe_.keys_of(partition)) {
            const bool is_hash = probe_.ask({"TYPE", key}).view().text() == "hash";
            const redis::Reply reply =
                is_hash ? probe_.ask({"HGETALL", key}) : probe_.ask({"ZRANGE", key, "0", "-1"});
            std::vector<std::string> items;
            for (std::size_t at = 0; at < reply.view().size(); at += is_hash ? 2 : 1) {
                items.push_back(std::string(reply.view()[at].text()) +
                                (is_hash ? "=" + std::string(reply.view()[at + 1].text()) : ""));
            }
            std::sort(items.begin(), items.end());
            if (key != probe_.keys.key(partition, "owner")) {
                content[key] = items;
            }
        }
        return content;
    }

    static bool is_standalone() {
        return !test_environment("FERMATA_TEST_REDIS_STANDALONE").empty();
    }

    const std::string cluster_ = test_cluster();
    const SessionId a_ = store::test_session(1);
    const SessionId b_ = store::test_session(2);
    RedisProbe probe_;
    std::unique_ptr<RedisStore> store_;
};

}  // namespace fermata::redis_store
