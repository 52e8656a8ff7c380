// Events that reach a partition through the store: from sessions of other instances, and from
// clients while nobody owned it. Each is delivered once, in order.
#include <gmock/gmock.h>

#include "engine/engine_cluster_fixture.h"
#include "engine/inbox.h"

namespace fermata::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EngineClusterInboxTest : public EngineClusterFixture {
  protected:
    // Keeps what it hears, in order.
    const std::string listening_ = chart(
        R"(<datamodel><data id="heard" expr="''"/></datamodel>
           <state id="a"><transition event="*"><assign location="heard" expr="heard + _event.name"/></transition></state>)",
        R"(datamodel="ecmascript")");

    static constexpr Partition kHere = 3;   // of instance one, as a rule
    static constexpr Partition kThere = 6;  // of instance two
    const std::string here_ = name_in(kHere);
    const std::string there_ = name_in(kThere);

    // Sends what it hears on to `target`.
    std::string relay_to(const std::string& target) {
        return chart(R"(<datamodel><data id="failed" expr="0"/></datamodel>
           <state id="a">
             <transition event="error.communication"><assign location="failed" expr="failed + 1"/></transition>
             <transition event="*"><send eventexpr="_event.name" target=")" +
                         target_of(target) + R"("/></transition></state>)",
                     R"(datamodel="ecmascript")");
    }
    void start_at(Instance& instance, const std::string& name, const std::string& document) {
        const auto started = start_named(instance, name, document);
        ASSERT_TRUE(started) << started.error().to_string();
    }
    void pass_hints() {
        one_.ownership.pass_hints_to([this](Partition p) { two_.engine->read_inbox(p); });
        two_.ownership.pass_hints_to([this](Partition p) { one_.engine->read_inbox(p); });
    }
    bool is_inbox_empty(Partition partition) {
        const auto page = wait_for<std::vector<store::InboxRecord>>(
            [&](auto done) { store_->list_inbox(partition, 0, 1, std::move(done)); });
        return page && page->empty();
    }
    bool hears(Instance& instance, const std::string& name, const std::string& what) {
        return becomes_true([&] { return item(instance, name, "heard").size() >= what.size(); }) &&
               item(instance, name, "heard") == what;
    }
};

TEST_F(EngineClusterInboxTest, SessionsOfTwoInstancesSendEachOtherEvents) {
    pass_hints();
    give(one_, kHere);
    give(two_, kThere);
    start_at(two_, there_, listening_);
    start_at(one_, here_, relay_to(there_));
    std::string sent;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        sent.push_back(letter);
        ASSERT_TRUE(send_to(one_, here_, std::string(1, letter)));
    }
    EXPECT_TRUE(hears(two_, there_, sent)) << item(two_, there_, "heard");
    EXPECT_TRUE(becomes_true([&] { return one_.engine->counters().outbox_pending == 0; }));
}

TEST_F(EngineClusterInboxTest, AnEventWhoseHintWasLostIsFoundByTheNextLook) {
    give(one_, kHere);
    give(two_, kThere);
    start_at(two_, there_, listening_);
    start_at(one_, here_, relay_to(there_));
    ASSERT_TRUE(send_to(one_, here_, "x"));
    ASSERT_TRUE(becomes_true([&] { return !one_.ownership.hints().empty(); }));
    EXPECT_THAT(one_.ownership.hints(), ElementsAre(kThere));
    EXPECT_EQ(item(two_, there_, "heard"), "");
    clock_.advance(Inbox::kSecondLook);
    EXPECT_TRUE(hears(two_, there_, "x"));

    ASSERT_TRUE(send_to(one_, here_, "y"));
    ASSERT_TRUE(becomes_true([&] { return one_.ownership.hints().size() == 2; }));
    clock_.advance(Inbox::kLook);
    EXPECT_TRUE(hears(two_, there_, "xy"));
}

TEST_F(EngineClusterInboxTest, ATargetThatIsNotThereIsReportedToTheSender) {
    give(one_, kHere);
    give(two_, kThere);
    start_at(one_, here_, relay_to(there_));
    ASSERT_TRUE(send_to(one_, here_, "x"));
    EXPECT_TRUE(becomes_true([&] { return item(one_, here_, "failed") == "1"; }));
    // The same when it has ended.
    start_at(two_, there_, chart(R"(<final id="over"/>)"));
    ASSERT_TRUE(send_to(one_, here_, "y"));
    EXPECT_TRUE(becomes_true([&] { return item(one_, here_, "failed") == "2"; }));
}

TEST_F(EngineClusterInboxTest, EventsBetweenPartitionsArriveOnceAndInOrderWhileTheTargetMoves) {
    pass_hints();
    give(one_, kHere);
    give(one_, kThere);
    start_at(one_, there_, listening_);
    start_at(one_, here_, relay_to(there_));
    std::string sent;
    Instance* owner = &one_;
    for (int round = 0; round < 12; ++round) {
        for (char letter = 'a'; letter <= 'f'; ++letter) {
            sent.push_back(letter);
            ASSERT_TRUE(send_to(one_, here_, std::string(1, letter)));
        }
        ASSERT_TRUE(take(*owner, kThere));
        owner = owner == &one_ ? &two_ : &one_;
        give(*owner, kThere);
        clock_.advance(std::chrono::milliseconds(250));
    }
    const auto is_heard = [&] {
        clock_.advance(std::chrono::milliseconds(10));
        return item(*owner, there_, "heard").size() >= sent.size();
    };
    EXPECT_TRUE(becomes_true(is_heard));
    EXPECT_EQ(item(*owner, there_, "heard"), sent);
}

TEST_F(EngineClusterInboxTest, AnEventForAPartitionThatNobodyOwnsWaitsForItsNextOwner) {
    give(one_, kHere);
    start_at(one_, here_, listening_);
    ASSERT_TRUE(take(one_, kHere));
    const auto first = append(two_, here_, "x");
    ASSERT_TRUE(first) << first.error().to_string();
    ASSERT_TRUE(append(one_, here_, "y", "key"));
    ASSERT_TRUE(append(one_, here_, "z"));
    EXPECT_EQ(*receipt(one_, first->id), ReceiptState::kWaiting);
    EXPECT_THAT(two_.ownership.hints(), ElementsAre(kHere));

    give(two_, kHere);
    EXPECT_TRUE(hears(two_, here_, "xyz")) << item(two_, here_, "heard");
    EXPECT_EQ(*receipt(one_, first->id), ReceiptState::kTaken);
}

TEST_F(EngineClusterInboxTest, AnEventWithAKeyIsConsumedOnceByWhicheverWayItIsRepeated) {
    give(one_, kHere);
    start_at(one_, here_, listening_);
    ASSERT_TRUE(send_to(one_, here_, "a", "before"));
    ASSERT_TRUE(take(one_, kHere));
    ASSERT_TRUE(append(one_, here_, "a", "before"));  // was consumed directly
    ASSERT_TRUE(append(one_, here_, "b", "key"));
    ASSERT_TRUE(append(two_, here_, "b", "key"));  // repeated through the inbox
    give(two_, kHere);
    const auto direct = send_to(two_, here_, "b", "key");  // and directly, later
    ASSERT_TRUE(direct);
    EXPECT_TRUE(direct->repeated);
    ASSERT_TRUE(send_to(two_, here_, "c"));
    EXPECT_EQ(item(two_, here_, "heard"), "abc");
    // Nothing of it is left for the next one.
    ASSERT_TRUE(take(two_, kHere));
    EXPECT_TRUE(is_inbox_empty(kHere));
    give(one_, kHere);
    EXPECT_EQ(item(one_, here_, "heard"), "abc");
}

TEST_F(EngineClusterInboxTest, TheRepetitionOfAnEventThatEndedItsSessionIsTaken) {
    give(one_, kHere);
    start_at(one_, here_, chart(R"(<state id="a"><transition event="x" target="over"/></state>
                                   <final id="over"/>)"));
    ASSERT_TRUE(send_to(one_, here_, "x", "key"));
    ASSERT_TRUE(take(one_, kHere));
    const auto repeated = append(two_, here_, "x", "key");
    ASSERT_TRUE(repeated) << repeated.error().to_string();
    EXPECT_EQ(append(two_, here_, "x", "another key").error().code(), ErrorCode::kNotFound);

    give(two_, kHere);
    EXPECT_TRUE(becomes_true([&] { return is_inbox_empty(kHere); }));
    EXPECT_EQ(*receipt(one_, repeated->id), ReceiptState::kTaken);
    const auto direct = send_to(two_, here_, "x", "key");
    ASSERT_TRUE(direct);
    EXPECT_TRUE(direct->repeated);
}

// A primary of Redis that was replaced, and does not know it yet, shows a state of the past.
TEST_F(EngineClusterInboxTest, WhatIsReadWithoutOwningThePartitionDecidesNothing) {
    pass_hints();
    give(one_, kHere);
    give(two_, kThere);
    start_at(two_, there_, listening_);
    start_at(one_, here_, relay_to(there_));
    one_.store.show_the_past();
    ASSERT_TRUE(send_to(one_, here_, "x"));
    EXPECT_TRUE(hears(two_, there_, "x"));
    EXPECT_EQ(item(one_, here_, "failed"), "0");

    ASSERT_TRUE(take(two_, kThere));
    const auto taken = append(one_, there_, "y");
    EXPECT_TRUE(taken) << taken.error().to_string();
    give(two_, kThere);
    EXPECT_TRUE(hears(two_, there_, "xy"));
}

// The owner was there all the time, and somebody else did not know it.
TEST_F(EngineClusterInboxTest, WhatWasTakenIsNotLostWhenALaterEventEndsTheSession) {
    give(one_, kHere);
    start_at(one_, here_,
             chart(R"(<datamodel><data id="heard" expr="''"/></datamodel>
        <state id="a">
          <transition event="finish" target="over"/>
          <transition event="*"><assign location="heard" expr="heard + _event.name"/></transition>
        </state>
        <final id="over"><donedata><content expr="heard"/></donedata></final>)",
                   R"(datamodel="ecmascript")"));
    ASSERT_TRUE(append(two_, here_, "x"));
    const auto finished = send_to(one_, here_, "finish");
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code(), ErrorCode::kUnavailable);
    ASSERT_TRUE(becomes_true([&] { return !one_.ownership.lost().empty(); }));

    give(one_, kHere);  // as its membership would
    ASSERT_TRUE(send_to(one_, here_, "finish"));
    const auto seen = view(one_, here_);
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->summary.status, SessionStatus::kFinal);
    EXPECT_EQ(seen->donedata.to_text(), "x");
}

TEST_F(EngineClusterInboxTest, AnOwnerThatIsThereAlreadyReadsWhatIsAppended) {
    give(one_, kHere);
    start_at(one_, here_, listening_);
    ASSERT_TRUE(append(one_, here_, "x"));
    ASSERT_TRUE(append(two_, here_, "y"));  // its hint is not passed on
    one_.engine->read_inbox(kHere);
    EXPECT_TRUE(hears(one_, here_, "xy"));
    // Its own events, and those of the same process, are not taken for somebody else's.
    give(one_, kThere);
    start_at(one_, there_, relay_to(here_));
    for (const char* const letter : {"1", "2", "3", "4", "5", "6"}) {
        ASSERT_TRUE(send_to(one_, there_, letter));
        one_.engine->read_inbox(kHere);
    }
    EXPECT_TRUE(hears(one_, here_, "xy123456")) << item(one_, here_, "heard");
    one_.engine->read_inbox(kHere);
    EXPECT_EQ(item(one_, here_, "heard"), "xy123456");
}

TEST_F(EngineClusterInboxTest, WhatTheOwnersCommitsPutThereIsNotReadAgain) {
    give(one_, kHere);
    const std::string sibling = name_in(kHere, 1);
    start_at(one_, here_, listening_);
    start_at(one_, sibling, relay_to(here_));
    one_.store.hold(1);  // the sibling's commit is made, that of the listener waits
    ASSERT_TRUE(send_to(one_, sibling, "x"));
    ASSERT_TRUE(becomes_true([&] { return one_.store.held() == 1; }));
    ASSERT_FALSE(is_inbox_empty(kHere));
    one_.engine->read_inbox(kHere);
    settle(one_, kThere + 1);  // of the same shard
    settle(one_, kThere + 1);
    one_.store.come_back();
    EXPECT_TRUE(hears(one_, here_, "x"));
    ASSERT_TRUE(send_to(one_, here_, "y"));
    EXPECT_EQ(item(one_, here_, "heard"), "xy");
}

TEST_F(EngineClusterInboxTest, WhatIsReadBeforeItsAppendIsAnsweredIsDeliveredOnce) {
    give(one_, kHere);
    give(one_, kThere);
    start_at(one_, here_, listening_);
    start_at(one_, there_, relay_to(here_));
    one_.store.hold_append_answers();
    ASSERT_TRUE(send_to(one_, there_, "x"));
    ASSERT_TRUE(becomes_true([&] { return one_.store.held() == 1; }));
    one_.engine->read_inbox(kHere);
    settle(one_, kThere + 1);  // of the same shard
    settle(one_, kThere + 1);
    EXPECT_EQ(item(one_, here_, "heard"), "");
    one_.store.come_back();
    EXPECT_TRUE(hears(one_, here_, "x"));
    ASSERT_TRUE(send_to(one_, here_, "y"));
    EXPECT_EQ(item(one_, here_, "heard"), "xy");
}

TEST_F(EngineClusterInboxTest, OnlyLiveSessionsGetEventsThroughTheInbox) {
    give(one_, kHere);
    start_at(one_, here_, chart(R"(<final id="over"/>)"));
    StartRequest later;
    later.id = name_in(kHere, 1);
    later.document = listening_;
    later.start_at = clock_.now_ms() + 60'000;
    ASSERT_TRUE(
        wait_for<StartOutcome>([&](auto done) { one_.engine->start(later, std::move(done)); }));
    ASSERT_TRUE(take(one_, kHere));

    EXPECT_EQ(append(one_, here_, "x").error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(append(one_, there_, "x").error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(append(one_, later.id, "x").error().code(), ErrorCode::kConflict);
    EventRequest delayed = event_for(here_, "x");
    delayed.delay = std::chrono::milliseconds(1);
    EXPECT_EQ(wait_for<InboxReceipt>(
                  [&](auto done) { one_.engine->append_event(delayed, std::move(done)); })
                  .error()
                  .code(),
              ErrorCode::kInvalidArgument);
}

TEST_F(EngineClusterInboxTest, NotMoreEventsWaitForAnOwnerThanMay) {
    options_.inbox_events_max = 3;
    one_.engine.reset();
    begin(one_, 1);
    give(two_, kHere);
    start_at(two_, here_, listening_);
    ASSERT_TRUE(take(two_, kHere));
    for (const char* const letter : {"1", "2", "3"}) {
        ASSERT_TRUE(append(one_, here_, letter));
    }
    const auto refused = append(one_, here_, "4");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kOverloaded);
    EXPECT_THAT(refused.error().message(), HasSubstr("inbox-events (3)"));
    give(two_, kHere);
    ASSERT_TRUE(hears(two_, here_, "123"));
    EXPECT_TRUE(append(one_, here_, "4"));
}

TEST_F(EngineClusterInboxTest, WhatIsNoReceiptIsNotFound) {
    for (const char* const id : {"", "3", "3-", "3-0", "-5", "3-5x", "3-99999", "8-1", "x-1"}) {
        const auto state = receipt(one_, id);
        ASSERT_FALSE(state) << id;
        EXPECT_EQ(state.error().code(), ErrorCode::kNotFound) << id;
    }
}

}  // namespace
}  // namespace fermata::engine
