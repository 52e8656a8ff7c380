// The part of Store's contract that is about the end of sessions: what stays of them, where they
// are listed, and when they are forgotten. One body for every implementation:
// INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreEndsTest, MemoryFactory), with the factory of
// store_contract_test.h.
#pragma once

#include <optional>

#include "store/store_contract_test.h"

namespace fermata::store {

template <typename Factory>
class StoreEndsTest : public StoreContractTest<Factory> {};

TYPED_TEST_SUITE_P(StoreEndsTest);

TYPED_TEST_P(StoreEndsTest, EndedSessionsKeepTheirMetaAndEnd) {
    const Epoch epoch = this->claim(0);
    SessionCommit first = test_step(this->a_, 1, "s1");
    first.fields.push_back({"meta", "m"});
    first.timers_set.push_back({this->a_, 1, 5000, "t"});
    first.inbox_added.push_back({this->a_, 0, "own"});
    first.inbox_added.push_back({this->b_, 0, "other's"});
    this->commit_one(epoch, first);
    SessionCommit last = test_step(this->a_, 2, "s2");
    last.timers_set.push_back({this->a_, 2, 6000, "t"});
    last.end = EndRecord{"result", 9000};
    this->commit_one(epoch, last);

    const auto record = this->load(this->a_);
    ASSERT_TRUE(record);
    ASSERT_EQ(record->fields.size(), 1U);
    EXPECT_EQ(record->fields[0].name, "meta");
    ASSERT_TRUE(record->end);
    EXPECT_EQ(record->end->payload, "result");
    EXPECT_EQ(record->end->expires_ms, 9000);
    EXPECT_TRUE(this->timers(0, 0, 10'000).timers.empty());
    EXPECT_TRUE(this->session_timers(this->a_).empty());
    ASSERT_EQ(this->inbox(0).size(), 1U);
    EXPECT_EQ(this->inbox(0)[0].payload, "other's");
    SessionCommit again = test_step(this->a_, 1, "again");
    again.created_ms = 3000;
    EXPECT_EQ(this->commit_one(epoch, again).status, CommitStatus::kConflict);
    EXPECT_EQ(this->commit_one(epoch, test_step(this->a_, 3, "s3")).status,
              CommitStatus::kConflict);
    EXPECT_EQ(this->commit_one(epoch, last).status, CommitStatus::kAlready);
}

TYPED_TEST_P(StoreEndsTest, EndSweepsWhatTheSameBatchBrought) {
    const Epoch epoch = this->claim(0);
    this->commit_one(epoch, test_step(this->a_, 1, "a1"));
    SessionCommit sender = test_step(this->b_, 1, "b1");
    sender.inbox_added.push_back({this->a_, 0, "too late"});
    SessionCommit last = test_step(this->a_, 2, "a2");
    last.end = EndRecord{"", 9000};

    ASSERT_TRUE(this->commit(epoch, {sender, last}));

    EXPECT_TRUE(this->inbox(0).empty());
}

TYPED_TEST_P(StoreEndsTest, ExpiredEndsAreForgottenAndTheirIdsFree) {
    const Epoch epoch = this->claim(0);
    SessionCommit only = test_step(this->a_, 1, "s1");
    only.fields.push_back({"meta", "m"});
    only.journal = JournalRecord{this->a_, 1, 1000, "j"};
    only.end = EndRecord{"", 9000};
    this->commit_one(epoch, only);

    EXPECT_EQ(this->expire(9000), 0U);
    EXPECT_TRUE(this->load(this->a_));
    EXPECT_EQ(this->expire(9001), 1U);
    EXPECT_FALSE(this->load(this->a_));
    EXPECT_TRUE(this->journal(this->a_).empty());
    EXPECT_TRUE(this->ids(SessionPhase::kLive).empty());
    EXPECT_TRUE(this->ids(SessionPhase::kEnded).empty());
    SessionCommit again = test_step(this->a_, 1, "again");
    EXPECT_EQ(this->commit_one(epoch, again).status, CommitStatus::kCommitted);
    EXPECT_EQ(this->load(this->a_)->fields.size(), 1U);
}

TYPED_TEST_P(StoreEndsTest, ExpiryIsBoundedPerCall) {
    const Epoch epoch = this->claim(0);
    for (std::uint64_t number = 1; number <= 3; ++number) {
        SessionCommit step = test_step(test_session(number), 1, "s");
        step.end = EndRecord{"", 100};
        this->commit_one(epoch, step);
    }
    EXPECT_EQ(this->expire(1000, 2), 2U);
    EXPECT_EQ(this->expire(1000, 2), 1U);
    EXPECT_EQ(this->expire(1000, 2), 0U);
}

TYPED_TEST_P(StoreEndsTest, EndedSessionsAreListedApart) {
    const Epoch epoch = this->claim(0);
    for (std::uint64_t number = 1; number <= 4; ++number) {
        SessionCommit step = test_step(test_session(number), 1, "s");
        step.created_ms = static_cast<UnixMillis>(1000 - number);
        step.end = number == 4 ? std::optional(EndRecord{"at once", 9000}) : std::nullopt;
        this->commit_one(epoch, step);
    }
    EXPECT_THAT(this->ids(SessionPhase::kLive),
                testing::ElementsAre(test_session(3), test_session(2), test_session(1)));

    SessionCommit last = test_step(test_session(2), 2, "s");
    last.end = EndRecord{"later", 8000};
    this->commit_one(epoch, last);
    // One that is born and ends in the same batch.
    SessionCommit born = test_step(test_session(5), 1, "s");
    born.created_ms = 500;
    SessionCommit dead = test_step(test_session(5), 2, "s");
    dead.end = EndRecord{"soon", 9000};
    ASSERT_TRUE(this->commit(epoch, {born, dead}));
    // It was the oldest one, and has left: no place of a page is spent on it.
    EXPECT_EQ(this->sessions(0, "", 1)->sessions.size(), 1U);

    EXPECT_THAT(this->ids(SessionPhase::kLive),
                testing::ElementsAre(test_session(3), test_session(1)));
    EXPECT_THAT(this->ids(SessionPhase::kEnded),
                testing::ElementsAre(test_session(5), test_session(4), test_session(2)));
    EXPECT_EQ(this->expire(8001), 1U);
    EXPECT_THAT(this->ids(SessionPhase::kEnded),
                testing::ElementsAre(test_session(5), test_session(4)));
}

REGISTER_TYPED_TEST_SUITE_P(StoreEndsTest, EndedSessionsKeepTheirMetaAndEnd,
                            EndSweepsWhatTheSameBatchBrought,
                            ExpiredEndsAreForgottenAndTheirIdsFree, ExpiryIsBoundedPerCall,
                            EndedSessionsAreListedApart);

}  // namespace fermata::store
