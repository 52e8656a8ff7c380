// The part of Store's contract that is about events on their way, the inbox and the outbox of a
// partition, one body for every implementation: INSTANTIATE_TYPED_TEST_SUITE_P(Memory,
// StoreBoxesTest, MemoryFactory), with the factory of store_contract_test.h.
#pragma once

#include <string>
#include <vector>

#include "store/store_contract_test.h"

namespace fermata::store {

template <typename Factory>
class StoreBoxesTest : public StoreContractTest<Factory> {};

TYPED_TEST_SUITE_P(StoreBoxesTest);

TYPED_TEST_P(StoreBoxesTest, InboxAndOutboxNumbersGrowWithoutGapsAndAreNeverUsedAgain) {
    const Epoch epoch = this->claim(0);
    SessionCommit first = test_step(this->a_, 1, "a");
    first.inbox_added = {{this->b_, 0, "i1"}, {this->b_, 0, "i2"}};
    first.outbox_added = {{this->a_, 1, 0, 0, "o1"}, {this->a_, 1, 1, 0, "o2"}};
    const SessionAnswer numbers = this->commit_one(epoch, first);

    const auto inbox = this->inbox(0);
    ASSERT_EQ(inbox.size(), 2U);
    EXPECT_EQ(inbox[0].number, numbers.first_inbox_number);
    EXPECT_EQ(inbox[1].number, numbers.first_inbox_number + 1);
    EXPECT_EQ(inbox[1].session, this->b_);
    EXPECT_EQ(inbox[1].payload, "i2");
    const auto outbox = this->outbox(0);
    ASSERT_EQ(outbox.size(), 2U);
    EXPECT_EQ(outbox[1].number, numbers.first_outbox_number + 1);
    EXPECT_EQ(outbox[1].session, this->a_);
    EXPECT_EQ(outbox[1].seq, 1U);
    EXPECT_EQ(outbox[1].n, 1U);
    EXPECT_EQ(outbox[1].payload, "o2");

    SessionCommit second = test_step(this->a_, 2, "a");
    second.outbox_removed = {outbox[0].number, outbox[1].number};
    second.outbox_added = {{this->a_, 2, 0, 0, "o3"}};
    EXPECT_GT(this->commit_one(epoch, second).first_outbox_number, outbox[1].number);
    EXPECT_EQ(this->outbox(0).size(), 1U);
}

TYPED_TEST_P(StoreBoxesTest, BoxesAreListedInPages) {
    const Epoch epoch = this->claim(0);
    SessionCommit step = test_step(this->a_, 1, "a");
    step.outbox_added = {
        {this->a_, 1, 0, 0, "1"}, {this->a_, 1, 1, 0, "2"}, {this->a_, 1, 2, 0, "3"}};
    this->commit_one(epoch, step);

    const auto first = this->outbox(0, 0, 2);
    ASSERT_EQ(first.size(), 2U);
    const auto second = this->outbox(0, first[1].number, 2);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].payload, "3");
    EXPECT_TRUE(this->outbox(0, ~std::uint64_t{0}, 2).empty());
    EXPECT_TRUE(this->outbox(1).empty());
}

TYPED_TEST_P(StoreBoxesTest, ConsumedInboxEntriesAreGone) {
    const Epoch epoch = this->claim(0);
    SessionCommit first = test_step(this->a_, 1, "a");
    first.inbox_added = {{this->a_, 0, "1"}, {this->a_, 0, "2"}, {this->b_, 0, "nobody's"}};
    const std::uint64_t number = this->commit_one(epoch, first).first_inbox_number;
    CommitBatch batch;
    batch.epoch = epoch;
    batch.sessions.push_back(test_step(this->a_, 2, "a"));
    batch.sessions[0].inbox_removed = {number};
    batch.inbox_removed = {number + 2};
    ASSERT_TRUE(this->commit(batch));

    ASSERT_EQ(this->inbox(0).size(), 1U);
    EXPECT_EQ(this->inbox(0)[0].payload, "2");
}

TYPED_TEST_P(StoreBoxesTest, OutboxEntriesAreRemovedWithoutASessionCommit) {
    const Epoch epoch = this->claim(0);
    SessionCommit first = test_step(this->a_, 1, "a");
    first.outbox_added = {{this->a_, 1, 0, 0, "1"}};
    const std::uint64_t number = this->commit_one(epoch, first).first_outbox_number;
    CommitBatch batch;
    batch.epoch = epoch;
    batch.outbox_removed = {number};
    ASSERT_TRUE(this->commit(batch));

    EXPECT_TRUE(this->outbox(0).empty());
}

TYPED_TEST_P(StoreBoxesTest, RepeatedAppendsAreSkippedBySender) {
    InboxAppend append;
    append.from = 7;
    append.from_numbers = {4, 6};
    append.records = {{this->a_, 0, "4"}, {this->a_, 0, "6"}};
    const auto first = this->append(append);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->numbers.size(), 2U);
    append.from_numbers = {6, 9};
    append.records = {{this->a_, 0, "6"}, {this->a_, 0, "9"}};
    const auto second = this->append(append);

    ASSERT_TRUE(second);
    EXPECT_EQ(second->numbers[0], 0U);
    EXPECT_GT(second->numbers[1], first->numbers[1]);
    EXPECT_EQ(this->inbox(0).size(), 3U);
    append.from = 8;
    EXPECT_NE(this->append(append)->numbers[0], 0U);
}

TYPED_TEST_P(StoreBoxesTest, AppendsWithoutASenderAreNeverSkipped) {
    InboxAppend append;
    append.records = {{this->a_, 0, "x"}};
    ASSERT_TRUE(this->append(append));
    ASSERT_TRUE(this->append(append));
    EXPECT_EQ(this->inbox(0).size(), 2U);
    append.from = 1;
    EXPECT_FALSE(this->append(append));  // no numbers
}

TYPED_TEST_P(StoreBoxesTest, AppendsNeedNoOwnerAndDisturbNone) {
    const Epoch epoch = this->claim(0);
    InboxAppend append;
    append.records = {{this->a_, 0, "x"}};
    ASSERT_TRUE(this->append(append));
    EXPECT_EQ(this->commit_one(epoch, test_step(this->a_, 1, "a")).status,
              CommitStatus::kCommitted);
}

TYPED_TEST_P(StoreBoxesTest, AppendsForLiveSessionsLeaveOutWhatIsForOthers) {
    const Epoch epoch = this->claim(0);
    ASSERT_EQ(this->commit_one(epoch, test_step(this->a_, 1, "a")).status,
              CommitStatus::kCommitted);
    SessionCommit over = test_step(this->b_, 1, "b");
    over.end = EndRecord{"end", 100};
    over.answers = {{"key", "answer", 100}};
    ASSERT_EQ(this->commit_one(epoch, over).status, CommitStatus::kCommitted);
    InboxAppend append;
    append.only_live = true;
    append.from = 7;
    append.from_numbers = {1, 2, 3, 4};
    append.records = {
        {this->b_, 0, "1"}, {this->a_, 0, "2"}, {test_session(3), 0, "3"}, {this->a_, 0, "4"}};

    const auto appended = this->append(append);
    ASSERT_TRUE(appended);
    EXPECT_EQ(appended->numbers[0], InboxAnswer::kNobodyThere);
    EXPECT_EQ(appended->numbers[2], InboxAnswer::kNobodyThere);
    EXPECT_EQ(appended->numbers[3], appended->numbers[1] + 1);
    const auto inbox = this->inbox(0);
    ASSERT_EQ(inbox.size(), 2U);
    EXPECT_EQ(inbox[0].payload, "2");
    EXPECT_EQ(inbox[0].number, appended->numbers[1]);
    EXPECT_EQ(inbox[1].payload, "4");
    EXPECT_FALSE(this->load(test_session(3)));

    InboxAppend repetition;
    repetition.only_live = true;
    repetition.records = {{this->b_, 0, "again"}};
    repetition.unless_answered = "another key";
    EXPECT_EQ(this->append(repetition)->numbers[0], InboxAnswer::kNobodyThere);
    repetition.unless_answered = "key";
    EXPECT_EQ(this->append(repetition)->numbers[0], appended->numbers[3] + 1);
}

TYPED_TEST_P(StoreBoxesTest, NoSessionEndsWithoutHavingHeardOfWhatWasPromised) {
    const Epoch epoch = this->claim(0);
    ASSERT_EQ(this->commit_one(epoch, test_step(this->a_, 1, "a")).status,
              CommitStatus::kCommitted);
    InboxAppend append;
    append.records = {{this->a_, 0, "not promised"}};
    ASSERT_TRUE(this->append(append));
    append.promised = true;
    append.records = {{this->a_, 0, "1"}, {this->a_, 0, "2"}};
    const auto promised = this->append(append);
    ASSERT_TRUE(promised);
    SessionCommit over = test_step(this->a_, 2, "over");
    over.end = EndRecord{"end", 100};
    over.inbox_removed = {promised->numbers[0]};

    const SessionAnswer ignorant = this->commit_one(epoch, over);
    EXPECT_EQ(ignorant.status, CommitStatus::kConflict);
    EXPECT_EQ(ignorant.stored_seq, 1U);
    EXPECT_EQ(this->inbox(0).size(), 3U);
    EXPECT_EQ(this->commit_one(epoch, test_step(this->a_, 2, "goes on")).status,
              CommitStatus::kCommitted);
    over.expected_seq = 2;
    over.seq = 3;
    over.inbox_known = {promised->numbers[1]};
    EXPECT_EQ(this->commit_one(epoch, over).status, CommitStatus::kCommitted);
    EXPECT_TRUE(this->inbox(0).empty());
}

REGISTER_TYPED_TEST_SUITE_P(StoreBoxesTest,
                            InboxAndOutboxNumbersGrowWithoutGapsAndAreNeverUsedAgain,
                            BoxesAreListedInPages, ConsumedInboxEntriesAreGone,
                            OutboxEntriesAreRemovedWithoutASessionCommit,
                            RepeatedAppendsAreSkippedBySender, AppendsWithoutASenderAreNeverSkipped,
                            AppendsNeedNoOwnerAndDisturbNone,
                            AppendsForLiveSessionsLeaveOutWhatIsForOthers,
                            NoSessionEndsWithoutHavingHeardOfWhatWasPromised);

}  // namespace fermata::store
