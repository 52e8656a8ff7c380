// What RedisStore leaves in Redis: lifetimes, nothing at the end, bytes for each session. Needs
// with_redis.py: see testing.h.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "redis_store/redis_store.h"
#include "redis_store/testing.h"
#include "store/testing.h"

namespace fermata::redis_store {
namespace {

using store::CommitAnswer;
using store::CommitBatch;
using store::Epoch;
using store::SessionCommit;
using store::test_session;
using store::wait;

constexpr Partition kPartitions = 16;

class KeysInRedisTest : public testing::Test {
  protected:
    KeysInRedisTest() : probe_(cluster_, kPartitions) {
        Options options = test_options(cluster_, kPartitions);
        options.journal.length = 3;
        auto opened = RedisStore::open(options);
        EXPECT_TRUE(opened) << opened.error().to_string();
        store_ = *std::move(opened);
    }

    Epoch claim(Partition partition) {
        return *wait<Epoch>([&](auto done) { store_->claim(partition, 1, std::move(done)); });
    }
    Result<CommitAnswer> commit(Epoch epoch, std::vector<SessionCommit> sessions) {
        CommitBatch batch;
        batch.partition = sessions.front().session.partition();
        batch.epoch = epoch;
        batch.sessions = std::move(sessions);
        return wait<CommitAnswer>(
            [&](auto done) { store_->commit(std::move(batch), std::move(done)); });
    }
    void append(Partition partition, const SessionId& target, std::optional<Partition> from) {
        store::InboxAppend append;
        append.partition = partition;
        append.from = from;
        append.from_numbers = std::vector<std::uint64_t>(from ? 1 : 0, 7);
        append.records = {{target, 0, "event"}};
        ASSERT_TRUE(wait<store::InboxAnswer>(
            [&](auto done) { store_->append_inbox(append, std::move(done)); }));
    }
    static SessionCommit creation(const SessionId& session) {
        SessionCommit step = store::test_step(session, 1, "s");
        step.fields.push_back({"meta", "m"});
        step.timers_set = {{session, 1, 5000, "t"}, {session, 20, 6000, "t"}};
        step.inbox_added = {{session, 0, "i"}, {test_session(99, session.partition()), 0, "later"}};
        step.outbox_added = {{session, 1, 0, 0, "o"}};
        step.answers = {{"k" + session.key(), "a", 4'000}};
        step.journal = store::JournalRecord{session, 1, 1000, "j"};
        return step;
    }
    std::vector<std::string> all_keys() {
        std::vector<std::string> keys;
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            for (std::string& key : probe_.keys_of(partition)) {
                keys.push_back(std::move(key));
            }
        }
        return keys;
    }

    const std::string cluster_ = test_cluster();
    RedisProbe probe_;
    std::unique_ptr<RedisStore> store_;
};

TEST_F(KeysInRedisTest, EveryKeyHasALifetime) {
    const Epoch epoch = claim(3);
    ASSERT_TRUE(commit(epoch, {creation(test_session(1, 3))}));
    SessionCommit short_life = creation(test_session(2, 3));
    short_life.end = store::EndRecord{"e", 9'000};
    ASSERT_TRUE(commit(epoch, {short_life}));
    append(3, test_session(3, 3), 5);             // as owner, from a partition
    append(4, test_session(4, 4), 5);             // of a partition that nobody owns
    append(4, test_session(4, 4), std::nullopt);  // from a client
    ASSERT_TRUE(*wait<bool>([&](auto done) { store_->put_document("h", "<scxml/>", done); }));
    ASSERT_TRUE(*wait<bool>([&](auto done) { store_->put_document_name({"name", "h", 1}, done); }));

    std::vector<std::string> keys = all_keys();
    // owner, 2 sessions and 2 targets, 2 journals, sessions, ended, timers, boxes, answers, expiry,
    // senders; owner, inbox, senders, target, appender.
    EXPECT_EQ(keys.size(), 15U + 5U);
    keys.insert(keys.end(),
                {probe_.keys.document("h"), probe_.keys.documents(), probe_.keys.store()});
    const std::int64_t day = 24LL * 3'600'000LL;
    for (const std::string& key : keys) {
        const auto lifetime = probe_.ask({"PTTL", key}).view().integer();
        EXPECT_GT(lifetime.value_or(-1), 0) << key;
        EXPECT_LE(lifetime.value_or(-1), std::int64_t{4} * 91 * day) << key;
    }
}

TEST_F(KeysInRedisTest, LifetimesOfAPartitionsKeysAreRenewedByItsOwner) {
    Options options = test_options(cluster_, kPartitions);
    options.session_age_max = std::chrono::seconds(1);
    options.record_margin = std::chrono::seconds(1);
    store_.reset();
    store_ = *RedisStore::open(options);
    const Epoch epoch = claim(3);
    SessionCommit step = creation(test_session(1, 3));
    ASSERT_TRUE(commit(epoch, {step}));
    ASSERT_TRUE(*wait<bool>([&](auto done) { store_->put_document("h", "<scxml/>", done); }));

    // The session's own keys go at their age; the partition's must live on.
    const auto is_there = [&](const std::string& key) {
        return probe_.ask({"EXISTS", key}).view().integer() == 1;
    };
    const std::string session = probe_.keys.session(3, test_session(1, 3).key());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (is_there(session) && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // poll
    }
    ASSERT_FALSE(is_there(session));
    for (const char* const name : {"owner", "sessions", "timers", "inbox", "outbox", "expiry"}) {
        EXPECT_TRUE(is_there(probe_.keys.key(3, name))) << name;
    }
    // A session whose record is gone is not listed.
    const auto page = wait<store::SessionPage>([&](auto done) {
        store_->list_sessions(3, store::SessionPhase::kLive, "", 10, std::move(done));
    });
    ASSERT_TRUE(page);
    EXPECT_TRUE(page->sessions.empty());
    const auto timers = wait<store::TimerPage>(
        [&](auto done) { store_->list_timers(3, 0, 100'000, 10, 0, std::move(done)); });
    ASSERT_TRUE(timers);
    EXPECT_TRUE(timers->timers.empty());
}

TEST_F(KeysInRedisTest, NothingIsLeftWhenAllSessionsHaveEndedAndExpired) {
    const Epoch epoch = claim(3);
    std::vector<std::uint64_t> outbox;
    std::vector<std::uint64_t> inbox;
    for (std::uint64_t number = 1; number <= 5; ++number) {
        const auto answer = commit(epoch, {creation(test_session(number, 3))});
        ASSERT_TRUE(answer);
        outbox.push_back(answer->sessions[0].first_outbox_number);
        inbox.push_back(answer->sessions[0].first_inbox_number + 1);  // of nobody
    }
    for (std::uint64_t number = 1; number <= 5; ++number) {
        SessionCommit last = store::test_step(test_session(number, 3), 2, "s");
        last.outbox_removed = {outbox[number - 1]};
        last.end = store::EndRecord{"e", 9'000};
        CommitBatch batch;
        batch.partition = 3;
        batch.epoch = epoch;
        batch.sessions = {last};
        batch.inbox_removed = {inbox[number - 1]};
        ASSERT_TRUE(wait<CommitAnswer>(
            [&](auto done) { store_->commit(std::move(batch), std::move(done)); }));
    }
    EXPECT_EQ(*wait<std::size_t>([&](auto done) { store_->expire(9'001, 100, done); }), 10U);

    EXPECT_EQ(all_keys(), std::vector<std::string>{probe_.keys.key(3, "owner")});
}

// Ended sessions were once in the table of the live ones.
TEST_F(KeysInRedisTest, OneTableForAllSessionsIsRead) {
    const Epoch epoch = claim(3);
    SessionCommit only = store::test_step(test_session(1, 3), 1, "s");
    only.end = store::EndRecord{"e", 9'000};
    ASSERT_TRUE(commit(epoch, {only}));
    const std::string id = test_session(1, 3).key();
    ASSERT_EQ(probe_.ask({"ZREM", probe_.keys.key(3, "ended"), id}).view().integer(), 1);
    probe_.ask({"ZADD", probe_.keys.key(3, "sessions"), "1000", id});

    const auto live = wait<store::SessionPage>([&](auto done) {
        store_->list_sessions(3, store::SessionPhase::kLive, "", 10, std::move(done));
    });
    ASSERT_TRUE(live) << live.error().to_string();
    EXPECT_TRUE(live->sessions.empty());
    EXPECT_EQ(*wait<std::size_t>([&](auto done) { store_->expire(9'001, 100, done); }), 1U);
    EXPECT_EQ(all_keys(), std::vector<std::string>{probe_.keys.key(3, "owner")});
}

// With the settings that docs/guide/redis.md recommends.
class BytesTest : public KeysInRedisTest, public testing::WithParamInterface<std::size_t> {
  protected:
    std::int64_t used_memory() {
        std::int64_t sum = 0;
        for (const redis::PrimaryStatus& primary : probe_.client().status().primaries) {
            sum += info(primary.address, "used_memory_dataset:");
        }
        return sum;
    }
    std::int64_t info(const redis::Address& address, const std::string& name) {
        redis::Request request{std::nullopt, redis::Command("INFO")};
        request.command.add("memory");
        request.primary = address;
        const redis::Reply reply = probe_.send(std::move(request));
        const std::string text(reply.view().text());
        return std::strtoll(text.c_str() + text.find(name) + name.size(), nullptr, 10);
    }
};

TEST_P(BytesTest, ASessionTakesAtMostHalfAsMuchMoreThanItsPayloadAnd400Bytes) {
    constexpr std::uint64_t kSessions = 10'000;
    const std::size_t payload = GetParam();
    for (const redis::PrimaryStatus& primary : probe_.client().status().primaries) {
        for (const auto& [name, value] :
             {std::pair("hash-max-listpack-value", "1024"), {"hash-max-listpack-entries", "512"}}) {
            redis::Request request{std::nullopt, redis::Command("CONFIG")};
            request.command.add("SET").add(name).add(value);
            request.primary = primary.address;
            probe_.send(std::move(request));
        }
    }
    std::vector<Epoch> epochs;
    for (Partition partition = 0; partition < kPartitions; ++partition) {
        epochs.push_back(claim(partition));
    }

    const std::int64_t before = used_memory();
    constexpr std::uint64_t kBatch = 50;
    for (std::uint64_t first = 0; first < kSessions; first += kBatch) {
        const auto partition = static_cast<Partition>(first / kBatch % kPartitions);
        std::vector<SessionCommit> batch;
        for (std::uint64_t number = first; number < first + kBatch; ++number) {
            SessionCommit step = store::test_step(test_session(number + 1, partition), 1,
                                                  std::string(payload / 4, 's'));
            step.created_ms = 1'700'000'000'000 + static_cast<UnixMillis>(number);
            step.fields.push_back({"meta", std::string(payload / 4, 'm')});
            step.fields.push_back({"d.order", std::string(payload / 4, 'o')});
            step.fields.push_back({"d.customer", std::string(payload / 4, 'c')});
            batch.push_back(std::move(step));
        }
        ASSERT_TRUE(commit(epochs[partition], std::move(batch)));
    }
    const double bytes =
        static_cast<double>(used_memory() - before) / static_cast<double>(kSessions);

    RecordProperty("bytes", std::to_string(bytes));
    std::printf("%zu bytes of payload take %.0f bytes\n", payload, bytes);
    EXPECT_GT(bytes, static_cast<double>(payload));
    EXPECT_LE(bytes, 1.5 * static_cast<double>(payload) + 400);
}

INSTANTIATE_TEST_SUITE_P(Payloads, BytesTest, testing::Values(200, 1000, 2000, 8000));

}  // namespace
}  // namespace fermata::redis_store
