// The contract of Store, one body for every implementation. A store is tested by
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreContractTest, MemoryFactory);
//
// where the factory has `std::unique_ptr<Store> make(const JournalOptions&)`: an empty store of 16
// partitions, which goes before the factory does.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/store.h"
#include "store/testing.h"

namespace fermata::store {

constexpr Partition kContractPartitions = 16;

template <typename Factory>
class StoreContractTest : public testing::Test {
  protected:
    StoreContractTest() { store_ = factory_.make(JournalOptions{3}); }

    Epoch claim(Partition partition, std::uint32_t node = 1) {
        return *wait<Epoch>([&](auto done) { store_->claim(partition, node, done); });
    }
    Result<CommitAnswer> commit(const CommitBatch& batch) {
        return wait<CommitAnswer>([&](auto done) { store_->commit(batch, done); });
    }
    Result<CommitAnswer> commit(Epoch epoch, std::vector<SessionCommit> sessions) {
        CommitBatch batch;
        batch.partition = sessions.front().session.partition();
        batch.epoch = epoch;
        batch.sessions = std::move(sessions);
        return commit(batch);
    }
    SessionAnswer commit_one(Epoch epoch, const SessionCommit& step) {
        const auto answer = commit(epoch, {step});
        EXPECT_TRUE(answer) << answer.error().to_string();
        return answer ? answer->sessions.at(0) : SessionAnswer();
    }
    std::optional<SessionRecord> load(const SessionId& session) {
        return *wait<std::optional<SessionRecord>>(
            [&](auto done) { store_->load_session(session, done); });
    }
    std::string field(const SessionId& session, std::string_view name) {
        const auto record = load(session);
        const std::string* value = record ? record->find(name) : nullptr;
        return value == nullptr ? "(none)" : *value;
    }
    std::vector<InboxRecord> inbox(Partition partition, std::uint64_t after = 0,
                                   std::size_t limit = 100) {
        return *wait<std::vector<InboxRecord>>(
            [&](auto done) { store_->list_inbox(partition, after, limit, done); });
    }
    std::vector<OutboxRecord> outbox(Partition partition, std::uint64_t after = 0,
                                     std::size_t limit = 100) {
        return *wait<std::vector<OutboxRecord>>(
            [&](auto done) { store_->list_outbox(partition, after, limit, done); });
    }
    TimerPage timers(Partition partition, UnixMillis after, UnixMillis before,
                     std::size_t limit = 100, std::size_t skip = 0) {
        return *wait<TimerPage>(
            [&](auto done) { store_->list_timers(partition, after, before, limit, skip, done); });
    }
    std::vector<TimerRecord> session_timers(const SessionId& session) {
        return *wait<std::vector<TimerRecord>>(
            [&](auto done) { store_->session_timers(session, done); });
    }
    Result<SessionPage> sessions(Partition partition, const std::string& cursor, std::size_t limit,
                                 SessionPhase phase = SessionPhase::kLive) {
        return wait<SessionPage>(
            [&](auto done) { store_->list_sessions(partition, phase, cursor, limit, done); });
    }
    // Of all pages, one session each.
    std::vector<SessionId> ids(SessionPhase phase) {
        std::vector<SessionId> found;
        std::string cursor;
        do {
            const auto page = sessions(0, cursor, 1, phase);
            EXPECT_TRUE(page) << page.error().to_string();
            for (const SessionRecord& record : page->sessions) {
                EXPECT_EQ(record.end.has_value(), phase == SessionPhase::kEnded);
                found.push_back(record.session);
            }
            cursor = page->next;
        } while (!cursor.empty());
        return found;
    }
    std::vector<JournalRecord> journal(const SessionId& session, std::size_t limit = 100) {
        return *wait<std::vector<JournalRecord>>(
            [&](auto done) { store_->list_journal(session, limit, done); });
    }
    std::optional<AnswerRecord> answer(Partition partition, const std::string& key) {
        return *wait<std::optional<AnswerRecord>>(
            [&](auto done) { store_->find_answer(partition, key, done); });
    }
    Result<InboxAnswer> append(const InboxAppend& append) {
        return wait<InboxAnswer>([&](auto done) { store_->append_inbox(append, done); });
    }
    std::size_t expire(UnixMillis now_ms, std::size_t limit = 100) {
        return *wait<std::size_t>([&](auto done) { store_->expire(now_ms, limit, done); });
    }

    const SessionId a_ = test_session(1);
    const SessionId b_ = test_session(2);
    Factory factory_;
    std::unique_ptr<Store> store_;
};

TYPED_TEST_SUITE_P(StoreContractTest);

TYPED_TEST_P(StoreContractTest, ClaimsRaiseTheEpochOfTheirPartitionOnly) {
    const Epoch first = this->claim(0);
    const Epoch second = this->claim(0);
    EXPECT_GT(first, 0U);
    EXPECT_GT(second, first);
    this->claim(1);
    EXPECT_EQ(this->commit_one(second, test_step(this->a_, 1, "x")).status,
              CommitStatus::kCommitted);
}

TYPED_TEST_P(StoreContractTest, CommitsAreFencedByTheEpoch) {
    const Epoch old_epoch = this->claim(0);
    const Epoch epoch = this->claim(0);

    const auto late = this->commit(old_epoch, {test_step(this->a_, 1, "x")});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::kFenced);
    EXPECT_FALSE(this->load(this->a_));
    EXPECT_EQ(this->commit_one(epoch, test_step(this->a_, 1, "x")).status,
              CommitStatus::kCommitted);
    EXPECT_FALSE(this->commit(epoch + 1, {test_step(this->a_, 2, "x")}));
}

TYPED_TEST_P(StoreContractTest, PartitionsThatNobodyClaimedAreFenced) {
    const auto answer = this->commit(0, {test_step(this->a_, 1, "x")});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kFenced);
}

TYPED_TEST_P(StoreContractTest, PartitionsBeyondTheCountAreRefused) {
    const auto epoch =
        wait<Epoch>([&](auto done) { this->store_->claim(kContractPartitions, 1, done); });
    ASSERT_FALSE(epoch);
    EXPECT_EQ(epoch.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(this->store_->facts().partition_count, kContractPartitions);
}

TYPED_TEST_P(StoreContractTest, FieldsNotNamedStayAsTheyAre) {
    const Epoch epoch = this->claim(0);
    SessionCommit first = test_step(this->a_, 1, "s1");
    first.fields.push_back({"meta", "m"});
    first.fields.push_back({"d.x", "1"});
    this->commit_one(epoch, first);
    SessionCommit second = test_step(this->a_, 2, "s2");
    second.fields.push_back({"d.x", std::nullopt});
    this->commit_one(epoch, second);

    const auto record = this->load(this->a_);
    ASSERT_TRUE(record);
    EXPECT_EQ(record->session, this->a_);
    EXPECT_EQ(record->seq, 2U);
    EXPECT_EQ(record->created_ms, 1000);
    EXPECT_FALSE(record->end);
    EXPECT_EQ(this->field(this->a_, "state"), "s2");
    EXPECT_EQ(this->field(this->a_, "meta"), "m");
    EXPECT_EQ(this->field(this->a_, "d.x"), "(none)");
}

TYPED_TEST_P(StoreContractTest, FullRecordsReplaceAllFields) {
    const Epoch epoch = this->claim(0);
    SessionCommit first = test_step(this->a_, 1, "s1");
    first.fields.push_back({"d.x", "1"});
    this->commit_one(epoch, first);
    SessionCommit second = test_step(this->a_, 2, "s2");
    second.replace_all = true;
    this->commit_one(epoch, second);

    EXPECT_EQ(this->load(this->a_)->fields.size(), 1U);
    EXPECT_EQ(this->field(this->a_, "state"), "s2");
}

TYPED_TEST_P(StoreContractTest, RepeatedCommitsAreSkipped) {
    const Epoch epoch = this->claim(0);
    SessionCommit step = test_step(this->a_, 1, "s1");
    step.outbox_added.push_back({this->a_, 1, 0, 0, "effect"});
    this->commit_one(epoch, step);
    step.fields[0].value = "other";
    const SessionAnswer again = this->commit_one(epoch, step);

    EXPECT_EQ(again.status, CommitStatus::kAlready);
    EXPECT_EQ(again.stored_seq, 1U);
    EXPECT_EQ(this->field(this->a_, "state"), "s1");
    EXPECT_EQ(this->outbox(0).size(), 1U);
}

TYPED_TEST_P(StoreContractTest, RepetitionsAreSkippedAndTheRestOfTheBatchIsApplied) {
    const Epoch epoch = this->claim(0);
    this->commit_one(epoch, test_step(this->a_, 1, "a1"));

    const auto answer =
        this->commit(epoch, {test_step(this->a_, 1, "other"), test_step(this->b_, 1, "b1")});

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->sessions[0].status, CommitStatus::kAlready);
    EXPECT_EQ(answer->sessions[1].status, CommitStatus::kCommitted);
    EXPECT_EQ(answer->sessions[1].stored_seq, 1U);
    EXPECT_EQ(this->field(this->b_, "state"), "b1");
}

TYPED_TEST_P(StoreContractTest, OneConflictKeepsTheWholeBatchOut) {
    const Epoch epoch = this->claim(0);
    this->commit_one(epoch, test_step(this->a_, 1, "a1"));
    SessionCommit fine = test_step(this->b_, 1, "b1");
    fine.outbox_added.push_back({this->b_, 1, 0, 0, "effect"});

    const auto answer = this->commit(epoch, {fine, test_step(this->a_, 5, "a5")});

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->sessions[0].status, CommitStatus::kConflict);
    EXPECT_EQ(answer->sessions[0].stored_seq, fine.expected_seq);
    EXPECT_EQ(answer->sessions[1].status, CommitStatus::kConflict);
    EXPECT_EQ(answer->sessions[1].stored_seq, 1U);
    EXPECT_FALSE(this->load(this->b_));
    EXPECT_TRUE(this->outbox(0).empty());
}

TYPED_TEST_P(StoreContractTest, CreationConflictsWithAnotherSessionOfTheSameId) {
    const Epoch epoch = this->claim(0);
    this->commit_one(epoch, test_step(this->a_, 1, "first"));
    SessionCommit other = test_step(this->a_, 1, "second");
    other.created_ms = 2000;

    EXPECT_EQ(this->commit_one(epoch, other).status, CommitStatus::kConflict);
    EXPECT_EQ(this->field(this->a_, "state"), "first");
}

TYPED_TEST_P(StoreContractTest, OneBatchMayHoldSeveralStepsOfASession) {
    const Epoch epoch = this->claim(0);

    const auto answer =
        this->commit(epoch, {test_step(this->a_, 1, "a1"), test_step(this->a_, 2, "a2")});

    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->sessions[1].stored_seq, 2U);
    EXPECT_EQ(this->field(this->a_, "state"), "a2");
}

TYPED_TEST_P(StoreContractTest, SessionsOfAnotherPartitionAreRefused) {
    const Epoch epoch = this->claim(0);
    CommitBatch batch;
    batch.epoch = epoch;
    batch.sessions.push_back(test_step(test_session(1, 3), 1, "x"));
    const auto answer = this->commit(batch);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
}

TYPED_TEST_P(StoreContractTest, TimersComeByDueTimeThenNumber) {
    const Epoch epoch = this->claim(0);
    SessionCommit a = test_step(this->a_, 1, "a");
    a.timers_set = {{this->a_, 7, 3000, "a7"}, {this->a_, 2, 1000, "a2"}, {this->a_, 9, -5, "a9"}};
    SessionCommit b = test_step(this->b_, 1, "b");
    b.timers_set = {{this->b_, 1, 3000, "b1"}};
    ASSERT_TRUE(this->commit(epoch, {a, b}));

    const auto payloads = [](const TimerPage& page) {
        std::vector<std::string> texts;
        for (const TimerRecord& timer : page.timers) {
            texts.push_back(timer.payload);
        }
        return texts;
    };
    EXPECT_THAT(payloads(this->timers(0, -100, 9000)),
                testing::ElementsAre("a9", "a2", "b1", "a7"));
    EXPECT_THAT(payloads(this->timers(0, 1000, 3000)), testing::ElementsAre("a2"));
    const TimerPage first = this->timers(0, -100, 9000, 2);
    EXPECT_THAT(payloads(first), testing::ElementsAre("a9", "a2"));
    EXPECT_TRUE(first.more);
    const TimerPage second = this->timers(0, -100, 9000, 2, 2);
    EXPECT_THAT(payloads(second), testing::ElementsAre("b1", "a7"));
    EXPECT_FALSE(second.more);
    EXPECT_EQ(second.timers[0].session, this->b_);
    EXPECT_EQ(second.timers[0].number, 1U);
    EXPECT_EQ(second.timers[0].due_ms, 3000);
    EXPECT_EQ(this->session_timers(this->a_).size(), 3U);
    EXPECT_TRUE(this->timers(1, -100, 9000).timers.empty());
}

TYPED_TEST_P(StoreContractTest, RemovedTimersAreGone) {
    const Epoch epoch = this->claim(0);
    SessionCommit first = test_step(this->a_, 1, "a");
    first.timers_set = {{this->a_, 1, 1000, "one"}, {this->a_, 2, 1000, "two"}};
    this->commit_one(epoch, first);
    SessionCommit second = test_step(this->a_, 2, "a");
    second.timers_removed = {{1000, 1}};
    this->commit_one(epoch, second);

    ASSERT_EQ(this->timers(0, 0, 9000).timers.size(), 1U);
    ASSERT_EQ(this->session_timers(this->a_).size(), 1U);
    EXPECT_EQ(this->session_timers(this->a_)[0].payload, "two");
}

TYPED_TEST_P(StoreContractTest, SessionsAreListedOldestFirstInPages) {
    const Epoch epoch = this->claim(0);
    for (std::uint64_t number = 1; number <= 5; ++number) {
        SessionCommit step = test_step(test_session(number), 1, "s" + std::to_string(number));
        step.created_ms = static_cast<UnixMillis>(1000 - number);
        step.fields.push_back({"d.x", "left out"});
        this->commit_one(epoch, step);
    }
    std::vector<std::string> states;
    std::string cursor;
    do {
        const auto page = this->sessions(0, cursor, 2);
        ASSERT_TRUE(page);
        EXPECT_LE(page->sessions.size(), 2U);
        for (const SessionRecord& record : page->sessions) {
            EXPECT_EQ(record.fields.size(), 1U);
            states.push_back(*record.find("state"));
        }
        cursor = page->next;
    } while (!cursor.empty());

    EXPECT_THAT(states, testing::ElementsAre("s5", "s4", "s3", "s2", "s1"));
    EXPECT_FALSE(this->sessions(0, "nonsense", 2));
    EXPECT_TRUE(this->sessions(1, "", 2)->sessions.empty());
}

TYPED_TEST_P(StoreContractTest, JournalKeepsTheNewest) {
    const Epoch epoch = this->claim(0);
    for (std::uint64_t seq = 1; seq <= 5; ++seq) {
        SessionCommit step = test_step(this->a_, seq, "s");
        step.journal =
            JournalRecord{this->a_, seq, static_cast<UnixMillis>(seq), "j" + std::to_string(seq)};
        this->commit_one(epoch, step);
    }
    const auto records = this->journal(this->a_);
    ASSERT_EQ(records.size(), 3U);
    EXPECT_EQ(records[0].payload, "j5");
    EXPECT_EQ(records[0].seq, 5U);
    EXPECT_EQ(records[0].at_ms, 5);
    EXPECT_EQ(records[2].payload, "j3");
    EXPECT_EQ(this->journal(this->a_, 1).size(), 1U);
    EXPECT_TRUE(this->journal(this->b_).empty());
}

TYPED_TEST_P(StoreContractTest, AnswersAreFoundUntilTheyExpire) {
    const Epoch epoch = this->claim(0);
    SessionCommit step = test_step(this->a_, 1, "s");
    step.answers = {{"key", "answer", 500}};
    this->commit_one(epoch, step);

    ASSERT_TRUE(this->answer(0, "key"));
    EXPECT_EQ(this->answer(0, "key")->answer, "answer");
    EXPECT_EQ(this->answer(0, "key")->expires_ms, 500);
    EXPECT_FALSE(this->answer(0, "ke"));
    EXPECT_FALSE(this->answer(1, "key"));
    EXPECT_EQ(this->expire(501), 1U);
    EXPECT_FALSE(this->answer(0, "key"));
}

TYPED_TEST_P(StoreContractTest, DocumentsAreKeptByHashAndByName) {
    const auto put = [&](const std::string& hash, const std::string& bytes) {
        return *wait<bool>([&](auto done) { this->store_->put_document(hash, bytes, done); });
    };
    const auto find = [&](const std::string& hash) {
        return *wait<std::optional<std::string>>(
            [&](auto done) { this->store_->find_document(hash, done); });
    };
    EXPECT_TRUE(put("h1", "<scxml/>"));
    EXPECT_FALSE(put("h1", "<scxml/>"));
    EXPECT_EQ(find("h1"), "<scxml/>");
    EXPECT_FALSE(find("h2"));

    const auto put_name = [&](const DocumentName& name) {
        return *wait<bool>([&](auto done) { this->store_->put_document_name(name, done); });
    };
    EXPECT_TRUE(put_name({"b", "h1", 1}));
    EXPECT_TRUE(put_name({"a", "h1", 2}));
    EXPECT_TRUE(put_name({"b", "h2", 3}));
    EXPECT_FALSE(put_name({"b", "h2", 4}));
    const auto name = *wait<std::optional<DocumentName>>(
        [&](auto done) { this->store_->find_document_name("b", done); });
    ASSERT_TRUE(name);
    EXPECT_EQ(name->hash, "h2");
    const auto names = *wait<std::vector<DocumentName>>(
        [&](auto done) { this->store_->list_document_names(done); });
    ASSERT_EQ(names.size(), 2U);
    EXPECT_EQ(names[0].name, "a");
    EXPECT_EQ(names[0].changed_ms, 2);
}

TYPED_TEST_P(StoreContractTest, PayloadsAreBytes) {
    const Epoch epoch = this->claim(0);
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) {
        bytes.push_back(static_cast<char>(byte));
    }
    SessionCommit step = test_step(this->a_, 1, bytes);
    step.fields.push_back({"d.ключ", ""});
    step.outbox_added = {{this->a_, 1, 0, 0, bytes}};
    this->commit_one(epoch, step);

    EXPECT_EQ(this->field(this->a_, "state"), bytes);
    EXPECT_EQ(this->field(this->a_, "d.ключ"), "");
    EXPECT_EQ(this->outbox(0)[0].payload, bytes);
}

TYPED_TEST_P(StoreContractTest, CommitsAreAnsweredInTheirOrder) {
    const Epoch epoch = this->claim(0);
    constexpr std::uint64_t kSteps = 500;
    std::vector<std::uint64_t> answered;
    std::promise<void> all;
    for (std::uint64_t seq = 1; seq <= kSteps; ++seq) {
        CommitBatch batch;
        batch.epoch = epoch;
        batch.sessions.push_back(test_step(this->a_, seq, std::to_string(seq)));
        this->store_->commit(batch, [&, seq](Result<CommitAnswer> answer) {
            const bool fine = answer && answer->sessions[0].status == CommitStatus::kCommitted;
            answered.push_back(fine ? seq : 0);
            if (answered.size() == kSteps) {
                all.set_value();
            }
        });
    }
    all.get_future().wait();

    for (std::uint64_t seq = 1; seq <= kSteps; ++seq) {
        ASSERT_EQ(answered[seq - 1], seq);
    }
    EXPECT_EQ(this->store_->counters().commits, kSteps);
    EXPECT_EQ(this->store_->counters().batches, kSteps);
    EXPECT_GE(this->store_->counters().groups, 1U);
}

TYPED_TEST_P(StoreContractTest, ManyThreadsCommitAtOnce) {
    constexpr Partition kThreads = 4;
    constexpr std::uint64_t kSteps = 100;
    std::atomic<std::uint64_t> committed{0};
    std::vector<std::thread> threads;
    for (Partition partition = 0; partition < kThreads; ++partition) {
        threads.emplace_back([this, partition, &committed] {
            const Epoch epoch = this->claim(partition);
            const SessionId session = test_session(9, partition);
            for (std::uint64_t seq = 1; seq <= kSteps; ++seq) {
                const SessionAnswer answer = this->commit_one(epoch, test_step(session, seq, "s"));
                committed += answer.status == CommitStatus::kCommitted ? 1 : 0;
                this->load(session);
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(committed, kThreads * kSteps);
}

TYPED_TEST_P(StoreContractTest, EveryCallIsAnsweredAlsoAfterClosing) {
    const Epoch epoch = this->claim(0);
    std::atomic<int> answered{0};
    for (std::uint64_t number = 1; number <= 50; ++number) {
        CommitBatch batch;
        batch.epoch = epoch;
        batch.sessions.push_back(test_step(test_session(number), 1, "s"));
        this->store_->commit(
            batch, [&](const Result<CommitAnswer>& answer) { answered += answer ? 1 : 0; });
    }
    this->store_->close();
    this->store_->close();

    EXPECT_EQ(answered, 50);
    const auto commit = this->commit(epoch, {test_step(this->a_, 1, "s")});
    ASSERT_FALSE(commit);
    EXPECT_EQ(commit.error().code(), ErrorCode::kUnavailable);
    const auto load = wait<std::optional<SessionRecord>>(
        [&](auto done) { this->store_->load_session(this->a_, done); });
    ASSERT_FALSE(load);
    EXPECT_EQ(load.error().code(), ErrorCode::kUnavailable);
}

REGISTER_TYPED_TEST_SUITE_P(
    StoreContractTest, ClaimsRaiseTheEpochOfTheirPartitionOnly, CommitsAreFencedByTheEpoch,
    PartitionsThatNobodyClaimedAreFenced, PartitionsBeyondTheCountAreRefused,
    FieldsNotNamedStayAsTheyAre, FullRecordsReplaceAllFields, RepeatedCommitsAreSkipped,
    RepetitionsAreSkippedAndTheRestOfTheBatchIsApplied, OneConflictKeepsTheWholeBatchOut,
    CreationConflictsWithAnotherSessionOfTheSameId, OneBatchMayHoldSeveralStepsOfASession,
    SessionsOfAnotherPartitionAreRefused, TimersComeByDueTimeThenNumber, RemovedTimersAreGone,
    SessionsAreListedOldestFirstInPages, JournalKeepsTheNewest, AnswersAreFoundUntilTheyExpire,
    DocumentsAreKeptByHashAndByName, PayloadsAreBytes, CommitsAreAnsweredInTheirOrder,
    ManyThreadsCommitAtOnce, EveryCallIsAnsweredAlsoAfterClosing);

}  // namespace fermata::store
