// Random commits and random faults against a model: whatever Redis forgets within the replay
// window, the store has it again. Needs with_redis.py: see testing.h.
#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "redis_store/redis_store.h"
#include "redis_store/testing.h"
#include "store/memory_store.h"
#include "store/testing.h"

namespace fermata::redis_store {
namespace {

using store::CommitAnswer;
using store::CommitBatch;
using store::Epoch;
using store::SessionCommit;
using store::Store;
using store::wait;

constexpr Partition kPartitions = 4;
constexpr std::uint64_t kSessions = 6;  // of each partition

// What can be read of a store, but for numbers of boxes, which two stores give differently.
class Picture {
  public:
    static std::string of(Store& store) {
        Picture picture(store);
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            picture.add(partition);
        }
        return picture.text_;
    }

  private:
    explicit Picture(Store& store) : store_(store) {}

    void add(Partition partition) {
        text_ += "partition " + std::to_string(partition) + "\n";
        for (const store::SessionPhase phase : store::kSessionPhases) {
            const auto page = wait<store::SessionPage>([&](auto done) {
                store_.list_sessions(partition, phase, "", 100, std::move(done));
            });
            EXPECT_TRUE(page) << page.error().to_string();
            for (const store::SessionRecord& listed : page->sessions) {
                add_session(listed.session);
            }
        }
        const auto timers = wait<store::TimerPage>(
            [&](auto done) { store_.list_timers(partition, 0, 1'000'000, 1000, 0, done); });
        for (const store::TimerRecord& timer : timers->timers) {
            text_ += "timer " + timer.session.key() + " " + std::to_string(timer.number) + " " +
                     std::to_string(timer.due_ms) + " " + timer.payload + "\n";
        }
        const auto inbox = wait<std::vector<store::InboxRecord>>(
            [&](auto done) { store_.list_inbox(partition, 0, 1000, std::move(done)); });
        for (const store::InboxRecord& record : *inbox) {
            text_ += "inbox " + record.session.key() + " " + record.payload + "\n";
        }
        const auto outbox = wait<std::vector<store::OutboxRecord>>(
            [&](auto done) { store_.list_outbox(partition, 0, 1000, std::move(done)); });
        for (const store::OutboxRecord& record : *outbox) {
            text_ += "outbox " + record.session.key() + " " + std::to_string(record.seq) + " " +
                     record.payload + "\n";
        }
    }
    void add_session(const SessionId& session) {
        const auto record = wait<std::optional<store::SessionRecord>>(
            [&](auto done) { store_.load_session(session, std::move(done)); });
        EXPECT_TRUE(record && *record);
        text_ += "session " + session.key() + " " + std::to_string((*record)->seq) + " " +
                 std::to_string((*record)->created_ms) + ((*record)->end ? " ended" : "") + "\n";
        std::map<std::string, std::string> fields;
        for (const store::Field& field : (*record)->fields) {
            fields[field.name] = field.value;
        }
        for (const auto& [name, value] : fields) {
            text_.append("  ").append(name).append("=").append(value).append("\n");
        }
    }

    Store& store_;
    std::string text_;
};

class RandomFaultsTest : public testing::TestWithParam<std::uint64_t> {
  protected:
    RandomFaultsTest() : probe_(cluster_, kPartitions), random_(GetParam()) {
        auto opened = RedisStore::open(test_options(cluster_, kPartitions));
        EXPECT_TRUE(opened) << opened.error().to_string();
        store_ = *std::move(opened);
        for (Partition partition = 0; partition < kPartitions; ++partition) {
            states_.push_back({claim(*store_, partition), claim(model_, partition), {}, {}});
        }
    }

    struct Session {
        SessionId id;
        std::uint64_t seq = 0;
        bool ended = false;
        std::uint64_t timers = 0;  // numbers given
    };
    // Numbers of the two stores for the same entry.
    struct Entry {
        std::uint64_t stored;
        std::uint64_t modelled;
        SessionId session;
    };
    struct State {
        Epoch epoch;
        Epoch model_epoch;
        std::map<std::uint64_t, Session> sessions;
        std::deque<Entry> outbox;
    };
    using Snapshot = std::map<std::string, std::string>;

    static Epoch claim(Store& store, Partition partition) {
        return *wait<Epoch>([&](auto done) { store.claim(partition, 1, std::move(done)); });
    }
    static Result<CommitAnswer> commit(Store& store, CommitBatch batch) {
        return wait<CommitAnswer>(
            [&](auto done) { store.commit(std::move(batch), std::move(done)); });
    }
    bool chance(std::uint64_t one_in) { return random_.below(one_in) == 0; }

    SessionCommit next_step(Partition partition, State& state) {
        const std::uint64_t number = 1 + random_.below(kSessions);
        Session& session = state.sessions[number];
        if (session.ended || session.seq == 0) {
            session = {store::test_session(1'000 * (generation_++) + number, partition), 0, false,
                       0};
        }
        SessionCommit step =
            store::test_step(session.id, ++session.seq, std::to_string(random_.next()));
        step.fields.push_back({"d." + std::to_string(random_.below(3)), std::to_string(steps_)});
        if (chance(3)) {
            step.fields.push_back({"d.x", chance(2) ? std::optional<std::string>() : "x"});
        }
        step.replace_all = chance(8);
        if (session.timers > 0 && chance(2)) {
            const auto due = static_cast<UnixMillis>(1'000 + session.timers);
            step.timers_removed = {{due, session.timers}};
        }
        if (chance(2)) {
            ++session.timers;
            step.timers_set = {
                {session.id, session.timers, static_cast<UnixMillis>(1'000 + session.timers), "t"}};
        }
        if (chance(3)) {
            step.inbox_added = {{session.id, 0, "in " + std::to_string(steps_)}};
        }
        if (chance(2)) {
            step.outbox_added = {{session.id, session.seq, 0, 0, "out " + std::to_string(steps_)}};
        }
        if (chance(10)) {
            session.ended = true;
            step.end = store::EndRecord{"end", 4'000'000'000'000};
        }
        return step;
    }
    void commit_somewhere() {
        const auto partition = static_cast<Partition>(random_.below(kPartitions));
        State& state = states_[partition];
        CommitBatch batch;
        batch.partition = partition;
        batch.epoch = state.epoch;
        batch.sessions = {next_step(partition, state)};
        CommitBatch modelled = batch;
        modelled.epoch = state.model_epoch;
        if (!state.outbox.empty() && chance(2)) {
            batch.outbox_removed = {state.outbox.front().stored};
            modelled.outbox_removed = {state.outbox.front().modelled};
            state.outbox.pop_front();
        }
        const bool adds = !batch.sessions[0].outbox_added.empty();
        const SessionId session = batch.sessions[0].session;
        const auto stored = commit(*store_, std::move(batch));
        const auto expected = commit(model_, std::move(modelled));
        ASSERT_TRUE(stored) << stored.error().to_string();
        ASSERT_TRUE(expected);
        ASSERT_EQ(stored->sessions[0].status, expected->sessions[0].status);
        if (adds) {
            state.outbox.push_back({stored->sessions[0].first_outbox_number,
                                    expected->sessions[0].first_outbox_number, session});
        }
    }

    Snapshot snapshot(Partition partition) {
        Snapshot snapshot;
        for (const std::string& key : probe_.keys_of(partition)) {
            snapshot[key] = std::string(probe_.ask({"DUMP", key}).view().text());
        }
        return snapshot;
    }
    void go_back(Partition partition, const Snapshot& snapshot) {
        for (const std::string& key : probe_.keys_of(partition)) {
            probe_.ask({"DEL", key});
        }
        for (const auto& [key, dump] : snapshot) {
            probe_.ask({"RESTORE", key, "600000", dump});
        }
    }
    // Any commit finds out that the history went back.
    void touch(Partition partition) {
        CommitBatch batch;
        batch.partition = partition;
        batch.epoch = states_[partition].epoch;
        const auto answer = commit(*store_, std::move(batch));
        ASSERT_TRUE(answer) << answer.error().to_string();
    }
    void disturb() {
        const auto partition = static_cast<Partition>(random_.below(kPartitions));
        switch (random_.below(4)) {
            case 0:
                snapshots_[partition] = snapshot(partition);
                break;
            case 1:
                if (snapshots_.contains(partition)) {
                    go_back(partition, snapshots_[partition]);
                }
                break;
            case 2:
                probe_.on_all_primaries({"SCRIPT", "FLUSH"});
                break;
            default:
                probe_.on_all_primaries({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
                break;
        }
    }

    const std::string cluster_ = test_cluster();
    RedisProbe probe_;
    Random random_;
    std::unique_ptr<RedisStore> store_;
    store::MemoryStore model_{store::MemoryOptions{kPartitions, {}}};
    std::vector<State> states_;
    std::map<Partition, Snapshot> snapshots_;
    std::uint64_t steps_ = 0;
    std::uint64_t generation_ = 0;
};

TEST_P(RandomFaultsTest, TheStoreStaysEqualToItsModel) {
    constexpr std::uint64_t kSteps = 400;
    for (steps_ = 1; steps_ <= kSteps; ++steps_) {
        commit_somewhere();
        if (chance(8)) {
            disturb();
        }
        if (HasFatalFailure()) {
            return;
        }
        if (steps_ % 100 == 0) {
            for (Partition partition = 0; partition < kPartitions; ++partition) {
                touch(partition);
            }
            ASSERT_EQ(Picture::of(*store_), Picture::of(model_)) << "after step " << steps_;
        }
    }
    EXPECT_EQ(store_->redo_counters().partitions_lost, 0U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomFaultsTest, testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace fermata::redis_store
