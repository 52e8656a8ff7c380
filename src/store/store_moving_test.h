// The part of Store's contract that moves partitions from one store to another, one body for every
// implementation: INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreMovingTest, MemoryFactory), with the
// factory of store_contract_test.h.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "store/store_contract_test.h"

namespace fermata::store {

template <typename Factory>
class StoreMovingTest : public StoreContractTest<Factory> {
  protected:
    Result<std::size_t> import_records(ImportBatch batch) {
        return wait<std::size_t>(
            [&](auto done) { this->store_->import_records(std::move(batch), done); });
    }
    PartitionRecord partition(Partition partition) {
        return *wait<PartitionRecord>(
            [&](auto done) { this->store_->read_partition(partition, done); });
    }
    Result<AnswerPage> answers(Partition partition, const std::string& cursor, std::size_t limit) {
        return wait<AnswerPage>(
            [&](auto done) { this->store_->list_answers(partition, cursor, limit, done); });
    }
    // A live session at step 7 with a timer, and an ended one.
    ImportBatch some_records() {
        ImportBatch batch;
        batch.sessions.push_back(
            SessionRecord{this->a_, 7, 1000, {{"meta", "m"}, {"state", "s"}}, std::nullopt});
        batch.sessions.push_back(
            SessionRecord{this->b_, 3, 2000, {{"meta", "n"}}, EndRecord{"end", 9000}});
        batch.timers = {{this->a_, 4, 5000, "timer"}};
        batch.inbox = {{this->a_, 41, "in"}};
        batch.outbox = {{this->a_, 6, 2, 42, "out"}};
        batch.answers = {{"key", "answer", 8000}};
        batch.journal = {{this->a_, 6, 1500, "j6"}, {this->a_, 7, 1600, "j7"}};
        batch.next_number = 100;
        batch.senders = {{5, 77}};
        return batch;
    }
};

TYPED_TEST_SUITE_P(StoreMovingTest);

TYPED_TEST_P(StoreMovingTest, PartitionsTellTheirOwnerNumbersAndSenders) {
    EXPECT_EQ(this->partition(3).epoch, 0U);
    EXPECT_EQ(this->partition(3).next_number, 1U);
    const Epoch epoch = this->claim(3, 12);
    InboxAppend append;
    append.partition = 3;
    append.from = 9;
    append.from_numbers = {5, 6};
    append.records = {{test_session(1, 3), 0, "x"}, {test_session(1, 3), 0, "y"}};
    const auto appended = this->append(append);
    ASSERT_TRUE(appended);

    const PartitionRecord record = this->partition(3);
    EXPECT_EQ(record.epoch, epoch);
    EXPECT_EQ(record.node, 12U);
    EXPECT_EQ(record.next_number, appended->numbers.back() + 1);
    EXPECT_EQ(record.senders, (std::vector<std::pair<Partition, std::uint64_t>>{{9, 6}}));
    EXPECT_TRUE(this->partition(4).senders.empty());
}

TYPED_TEST_P(StoreMovingTest, AnswersAreListedInPages) {
    const Epoch epoch = this->claim(0);
    SessionCommit step = test_step(this->a_, 1, "s");
    step.answers = {{"c", "3", 30}, {"a", "1", 10}, {"b", "2", 20}};
    this->commit_one(epoch, step);

    std::vector<std::string> found;
    std::string cursor;
    int pages = 0;
    do {
        const auto page = this->answers(0, cursor, 2);
        ASSERT_TRUE(page) << page.error().to_string();
        for (const AnswerRecord& answer : page->answers) {
            found.push_back(answer.key + "=" + answer.answer + "@" +
                            std::to_string(answer.expires_ms));
        }
        cursor = page->next;
        ++pages;
    } while (!cursor.empty() && pages < 10);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<std::string>{"a=1@10", "b=2@20", "c=3@30"}));
    EXPECT_TRUE(this->answers(1, "", 2)->answers.empty());
}

TYPED_TEST_P(StoreMovingTest, ImportedRecordsAreAsTheyWere) {
    ImportBatch batch = this->some_records();
    batch.epoch = this->claim(0);
    const auto added = this->import_records(batch);
    ASSERT_TRUE(added) << added.error().to_string();
    EXPECT_EQ(*added, 2U);

    const auto live = this->load(this->a_);
    ASSERT_TRUE(live);
    EXPECT_EQ(live->seq, 7U);
    EXPECT_EQ(live->created_ms, 1000);
    EXPECT_FALSE(live->end);
    EXPECT_EQ(this->field(this->a_, "state"), "s");
    const auto ended = this->load(this->b_);
    ASSERT_TRUE(ended && ended->end);
    EXPECT_EQ(ended->end->payload, "end");
    EXPECT_EQ(ended->end->expires_ms, 9000);
    EXPECT_THAT(this->ids(SessionPhase::kLive), testing::ElementsAre(this->a_));
    EXPECT_THAT(this->ids(SessionPhase::kEnded), testing::ElementsAre(this->b_));
    ASSERT_EQ(this->session_timers(this->a_).size(), 1U);
    EXPECT_EQ(this->session_timers(this->a_)[0].payload, "timer");
    EXPECT_EQ(this->timers(0, 5000, 5001).timers.size(), 1U);
    ASSERT_EQ(this->inbox(0).size(), 1U);
    EXPECT_EQ(this->inbox(0)[0].number, 41U);
    EXPECT_EQ(this->inbox(0)[0].payload, "in");
    ASSERT_EQ(this->outbox(0).size(), 1U);
    EXPECT_EQ(this->outbox(0)[0].number, 42U);
    EXPECT_EQ(this->outbox(0)[0].seq, 6U);
    EXPECT_EQ(this->outbox(0)[0].n, 2U);
    EXPECT_EQ(this->answer(0, "key")->answer, "answer");
    ASSERT_EQ(this->journal(this->a_).size(), 2U);
    EXPECT_EQ(this->journal(this->a_)[0].payload, "j7");
    EXPECT_EQ(this->partition(0).senders,
              (std::vector<std::pair<Partition, std::uint64_t>>{{5, 77}}));
}

TYPED_TEST_P(StoreMovingTest, ImportedSessionsGoOnWhereTheyWere) {
    ImportBatch batch = this->some_records();
    batch.epoch = this->claim(0);
    ASSERT_TRUE(this->import_records(batch));

    SessionCommit next = test_step(this->a_, 8, "later");
    next.inbox_removed = {41};
    next.outbox_removed = {42};
    next.timers_removed = {{5000, 4}};
    next.inbox_added = {{this->a_, 0, "new"}};
    const SessionAnswer answer = this->commit_one(batch.epoch, next);
    EXPECT_EQ(answer.status, CommitStatus::kCommitted);
    EXPECT_GE(answer.first_inbox_number, 100U);
    EXPECT_TRUE(this->outbox(0).empty());
    EXPECT_TRUE(this->session_timers(this->a_).empty());
    ASSERT_EQ(this->inbox(0).size(), 1U);
    EXPECT_EQ(this->inbox(0)[0].payload, "new");
    InboxAppend repeated;
    repeated.from = 5;
    repeated.from_numbers = {77, 78};
    repeated.records = {{this->a_, 0, "old"}, {this->a_, 0, "next"}};
    const auto appended = this->append(repeated);
    ASSERT_TRUE(appended);
    EXPECT_EQ(appended->numbers[0], 0U);
    EXPECT_EQ(appended->numbers[1], answer.first_inbox_number + 1);
    EXPECT_EQ(this->expire(9001), 2U);  // the end record and the answer
    EXPECT_FALSE(this->load(this->b_));
}

TYPED_TEST_P(StoreMovingTest, ARepeatedImportChangesNothing) {
    ImportBatch batch = this->some_records();
    batch.epoch = this->claim(0);
    ASSERT_TRUE(this->import_records(batch));
    const std::uint64_t next_number = this->partition(0).next_number;
    EXPECT_GE(next_number, 100U);

    const auto again = this->import_records(batch);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, 0U);
    EXPECT_THAT(this->ids(SessionPhase::kLive), testing::ElementsAre(this->a_));
    EXPECT_THAT(this->ids(SessionPhase::kEnded), testing::ElementsAre(this->b_));
    EXPECT_EQ(this->inbox(0).size(), 1U);
    EXPECT_EQ(this->outbox(0).size(), 1U);
    EXPECT_EQ(this->session_timers(this->a_).size(), 1U);
    EXPECT_EQ(this->partition(0).next_number, next_number);
}

TYPED_TEST_P(StoreMovingTest, AnImportOverAnotherSessionChangesNothing) {
    ImportBatch batch = this->some_records();
    batch.epoch = this->claim(0);
    this->commit_one(batch.epoch, test_step(this->b_, 1, "mine"));

    const auto refused = this->import_records(batch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
    EXPECT_FALSE(this->load(this->a_));
    EXPECT_EQ(this->field(this->b_, "state"), "mine");
    EXPECT_TRUE(this->inbox(0).empty());
}

TYPED_TEST_P(StoreMovingTest, ImportsAreFencedByTheEpoch) {
    ImportBatch batch = this->some_records();
    const auto unclaimed = this->import_records(batch);
    ASSERT_FALSE(unclaimed);
    EXPECT_EQ(unclaimed.error().code(), ErrorCode::kFenced);
    batch.epoch = this->claim(0);
    this->claim(0);
    const auto late = this->import_records(batch);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), ErrorCode::kFenced);
    EXPECT_FALSE(this->load(this->a_));
}

TYPED_TEST_P(StoreMovingTest, SessionsOfAnotherPartitionAreNotImported) {
    ImportBatch batch = this->some_records();
    batch.epoch = this->claim(0);
    batch.sessions.push_back(SessionRecord{test_session(9, 1), 1, 1, {}, std::nullopt});

    const auto refused = this->import_records(batch);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_FALSE(this->load(this->a_));
}

REGISTER_TYPED_TEST_SUITE_P(StoreMovingTest, PartitionsTellTheirOwnerNumbersAndSenders,
                            AnswersAreListedInPages, ImportedRecordsAreAsTheyWere,
                            ImportedSessionsGoOnWhereTheyWere, ARepeatedImportChangesNothing,
                            AnImportOverAnotherSessionChangesNothing, ImportsAreFencedByTheEpoch,
                            SessionsOfAnotherPartitionAreNotImported);

}  // namespace fermata::store
