// Partitions that are opened, suspended, closed and dropped from outside, between two engines on
// one store: nothing is lost, nothing happens twice, and nothing leaves an engine without a lease.
#include <gmock/gmock.h>

#include "engine/engine_cluster_fixture.h"

namespace fermata::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class EngineClusterTest : public EngineClusterFixture {
  protected:
    const std::string counting_ = chart(
        R"(<datamodel><data id="n" expr="0"/></datamodel>
           <state id="a"><transition event="go"><assign location="n" expr="n + 1"/></transition></state>)",
        R"(datamodel="ecmascript")");
    // Posts to the outside with each event.
    const std::string posting_ = chart(R"(
        <state id="a"><transition event="go">
          <send type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor" target="http://there.test/" event="hello"/>
        </transition></state>)");

    const Partition here_ = 3;
    const std::string name_ = name_in(here_);

    void start_counting(Instance& instance) {
        const auto started = start_named(instance, name_, counting_);
        ASSERT_TRUE(started) << started.error().to_string();
    }
    bool has_held(const Instance& instance, std::size_t commits) {
        return becomes_true([&] { return instance.store.held() >= commits; });
    }
};

TEST_F(EngineClusterTest, WhatIsNotOpenBelongsToAnotherInstance) {
    EXPECT_EQ(start_named(one_, name_, counting_).error().code(), ErrorCode::kFenced);
    EXPECT_EQ(start_named(one_, {}, counting_).error().code(), ErrorCode::kFenced);
    EXPECT_EQ(view(one_, name_).error().code(), ErrorCode::kFenced);
    EXPECT_EQ(send_to(one_, name_, "go").error().code(), ErrorCode::kFenced);
    EXPECT_EQ(one_.engine->not_ready_reason(), "");
    EXPECT_EQ(one_.engine->counters().partitions_served, 0U);
}

TEST_F(EngineClusterTest, AnInstanceWithoutPartitionsListsSessionsAndKeepsDocuments) {
    give(one_, here_);
    start_counting(one_);
    const auto listed =
        wait_for<ListAnswer>([&](auto done) { two_.engine->list({}, std::move(done)); });
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->sessions.size(), 1U);

    using Put = std::pair<DocumentView, scxml::Findings>;
    const auto put_counting = [&](Instance& instance, const std::string& text) {
        return wait_for<Put>(
            [&](auto done) { instance.engine->put_document("counting", text, std::move(done)); });
    };
    ASSERT_TRUE(put_counting(two_, counting_));
    StartRequest request;
    request.src = "document:counting";
    ASSERT_TRUE(
        wait_for<StartOutcome>([&](auto done) { one_.engine->start(request, std::move(done)); }));
    // A new version is seen by the others within a second.
    ASSERT_TRUE(put_counting(two_, chart(R"(<final id="over"/>)")));
    clock_.advance(std::chrono::milliseconds(1001));
    const auto started =
        wait_for<StartOutcome>([&](auto done) { one_.engine->start(request, std::move(done)); });
    ASSERT_TRUE(started && started->answer);
    EXPECT_EQ(view(one_, started->answer->session.to_string())->summary.status,
              SessionStatus::kFinal);
}

TEST_F(EngineClusterTest, AStartGoesToAPartitionThatIsOpen) {
    give(one_, here_);
    give(one_, 6);
    settle(one_, here_);
    settle(one_, 6);
    for (int count = 0; count < 6; ++count) {
        const auto started = start_named(one_, {}, counting_);
        ASSERT_TRUE(started) << started.error().to_string();
        const Partition partition = started->answer->session.partition();
        EXPECT_TRUE(partition == here_ || partition == 6) << partition;
    }
    EXPECT_EQ(one_.engine->counters().partitions_served, 2U);
}

TEST_F(EngineClusterTest, RequestsBelongToThePartitionOfTheirSession) {
    const Engine& engine = *one_.engine;
    StartRequest start;
    EXPECT_EQ(engine.partition_of(start), std::nullopt);
    start.idempotency_key = name_;
    EXPECT_EQ(engine.partition_of(start), here_);
    start.id = name_in(5);
    EXPECT_EQ(engine.partition_of(start), 5);
    EXPECT_EQ(engine.partition_of(name_), here_);
    const std::string canonical = SessionId::from_name(name_, kPartitions, 2).to_string();
    EXPECT_EQ(engine.partition_of(canonical), here_);
    EXPECT_EQ(engine.partition_of(std::string(32, 'V')), std::nullopt);
}

TEST_F(EngineClusterTest, SessionsGoOnAfterAHandOver) {
    give(one_, here_);
    start_counting(one_);
    ASSERT_TRUE(send_to(one_, name_, "go"));
    ASSERT_TRUE(take(one_, here_));

    EXPECT_EQ(send_to(one_, name_, "go").error().code(), ErrorCode::kFenced);
    EXPECT_EQ(one_.engine->counters().sessions_active, 0U);
    give(two_, here_);
    EXPECT_EQ(item(two_, name_, "n"), "1");
    ASSERT_TRUE(send_to(two_, name_, "go"));
    // And back again.
    ASSERT_TRUE(take(two_, here_));
    give(one_, here_);
    EXPECT_EQ(item(one_, name_, "n"), "2");
}

TEST_F(EngineClusterTest, NothingIsLostOrDoubledWhileAPartitionMovesUnderLoad) {
    give(one_, here_);
    start_counting(one_);
    constexpr int kEvents = 300;
    std::atomic<bool> is_over = false;
    std::thread client([&] {
        for (int number = 0; number < kEvents; ++number) {
            const std::string key = "k" + std::to_string(number);
            // As a client does that was told that nothing is known: the same request again.
            while (!send_to(one_, name_, "go", key) && !send_to(two_, name_, "go", key)) {
            }
        }
        is_over = true;
    });
    int moves = 0;
    for (Instance* owner = &one_; !is_over; ++moves) {
        ASSERT_TRUE(take(*owner, here_));
        owner = owner == &one_ ? &two_ : &one_;
        give(*owner, here_);
        const std::string before = item(*owner, name_, "n");
        becomes_true([&] { return is_over || item(*owner, name_, "n") != before; });
    }
    client.join();
    Instance& owner = moves % 2 == 0 ? one_ : two_;
    EXPECT_EQ(item(owner, name_, "n"), std::to_string(kEvents));
    EXPECT_GT(moves, 2);
}

TEST_F(EngineClusterTest, ClosingCommitsWhatWasRunAndSendsBackWhatWaited) {
    give(one_, here_);
    start_counting(one_);
    one_.store.hold();
    auto flying = send_later(one_, name_, "go");
    ASSERT_TRUE(has_held(one_, 1));
    auto built = send_later(one_, name_, "go");   // its run goes into the next batch
    settle(one_, 5);                              // of the same shard
    auto queued = send_later(one_, name_, "go");  // has to wait for that
    settle(one_, 5);
    const auto closed = close_later(one_, here_);

    EXPECT_EQ(told(queued).error().code(), ErrorCode::kFenced);
    EXPECT_EQ(send_to(one_, name_, "go").error().code(), ErrorCode::kFenced);
    EXPECT_TRUE(is_pending(flying));
    EXPECT_FALSE(*closed);
    one_.store.come_back();
    EXPECT_TRUE(told(flying));
    EXPECT_TRUE(told(built));
    ASSERT_TRUE(becomes_true([&] { return closed->load(); }));
    give(two_, here_);
    EXPECT_EQ(item(two_, name_, "n"), "2");
}

TEST_F(EngineClusterTest, ClosingDoesNotWaitForReceiversThatNeverAnswer) {
    give(one_, here_);
    ASSERT_TRUE(start_named(one_, name_, posting_));
    one_.outside.hold_sends();
    ASSERT_TRUE(send_to(one_, name_, "go"));
    ASSERT_TRUE(becomes_true([&] { return one_.outside.sends().size() == 1; }));
    const auto closed = close_later(one_, here_);
    settle(one_, 5);
    EXPECT_FALSE(*closed);
    clock_.advance(std::chrono::milliseconds(301));
    ASSERT_TRUE(becomes_true([&] { return closed->load(); }));
    // The next owner sends it again, by the same name.
    give(two_, here_);
    ASSERT_TRUE(becomes_true([&] { return two_.outside.sends().size() == 1; }));
    EXPECT_EQ(two_.outside.sends()[0].id, one_.outside.sends()[0].id);
}

TEST_F(EngineClusterTest, ClosingWaitsForAnswersOfReceivers) {
    give(one_, here_);
    ASSERT_TRUE(start_named(one_, name_, posting_));
    ASSERT_TRUE(send_to(one_, name_, "go"));
    ASSERT_TRUE(take(one_, here_));
    give(two_, here_);
    ASSERT_TRUE(send_to(two_, name_, "nothing"));
    EXPECT_EQ(one_.outside.sends().size(), 1U);
    EXPECT_THAT(two_.outside.sends(), IsEmpty());
}

TEST_F(EngineClusterTest, WhatIsClosedTwiceOrNeverWasOpenIsClosed) {
    EXPECT_TRUE(take(one_, here_));
    give(one_, here_);
    EXPECT_TRUE(take(one_, here_));
    EXPECT_TRUE(take(one_, here_));
}

TEST_F(EngineClusterTest, NothingLeavesAnEngineWithoutALease) {
    give(one_, here_);
    ASSERT_TRUE(start_named(one_, name_, posting_));
    std::atomic<int> moments = 0;
    const auto live = one_.engine->subscribe(
        {{}, {}, [&](const LiveMoment& /*moment*/, bool /*gap*/) { ++moments; }});
    one_.store.hold();
    auto answer = send_later(one_, name_, "go");
    ASSERT_TRUE(has_held(one_, 1));
    suspend(one_);
    one_.store.come_back();
    auto asked = std::async([&] { return view(one_, name_); });
    settle(two_, here_);
    clock_.advance(std::chrono::milliseconds(100));
    ASSERT_TRUE(becomes_true([&] { return one_.engine->counters().partitions_suspended == 1; }));

    EXPECT_TRUE(is_pending(answer));
    EXPECT_TRUE(is_pending(asked));
    EXPECT_EQ(moments, 0);
    EXPECT_THAT(one_.outside.sends(), IsEmpty());
    EXPECT_THAT(one_.engine->not_ready_reason(), HasSubstr("suspended"));

    resume(one_);
    EXPECT_TRUE(told(answer));
    EXPECT_TRUE(told(asked));
    EXPECT_TRUE(becomes_true([&] { return one_.outside.sends().size() == 1 && moments > 0; }));
    EXPECT_EQ(one_.engine->counters().partitions_suspended, 0U);
    EXPECT_EQ(one_.engine->not_ready_reason(), "");
}

TEST_F(EngineClusterTest, WhatIsDurableButCouldNotBeToldIsOfUnknownFate) {
    give(one_, here_);
    start_counting(one_);
    one_.store.hold();
    auto durable = send_later(one_, name_, "go", "first");
    ASSERT_TRUE(has_held(one_, 1));
    suspend(one_);
    one_.store.come_back();
    ASSERT_TRUE(becomes_true([&] { return one_.engine->counters().partitions_suspended == 1; }));
    auto waiting = send_later(one_, name_, "go");
    settle(two_, here_);
    EXPECT_TRUE(is_pending(durable));
    drop(one_, here_);

    EXPECT_EQ(told(durable).error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(told(waiting).error().code(), ErrorCode::kFenced);
    give(two_, here_);
    const auto repeated = send_to(two_, name_, "go", "first");
    ASSERT_TRUE(repeated);
    EXPECT_TRUE(repeated->repeated);
    EXPECT_EQ(item(two_, name_, "n"), "1");
}

TEST_F(EngineClusterTest, ALeaseThatIsProlongedInTimeNeedsNoWord) {
    give(one_, here_);
    start_counting(one_);
    one_.ownership.set_lease(false);
    auto answer = send_later(one_, name_, "go");
    ASSERT_TRUE(becomes_true([&] { return one_.engine->counters().partitions_suspended == 1; }));
    EXPECT_TRUE(is_pending(answer));
    one_.ownership.set_lease(true);
    clock_.advance(std::chrono::milliseconds(100));
    EXPECT_TRUE(told(answer));
}

TEST_F(EngineClusterTest, CommitsOfTheFormerOwnerAreFencedAndItHearsThatItLost) {
    const store::Epoch epoch = give(one_, here_);
    start_counting(one_);
    give(two_, here_);  // as after a lease that ran out
    const auto refused = send_to(one_, name_, "go");

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
    ASSERT_TRUE(becomes_true([&] { return !one_.ownership.lost().empty(); }));
    EXPECT_THAT(one_.ownership.lost(), ElementsAre(std::pair(here_, epoch)));
    EXPECT_EQ(send_to(one_, name_, "go").error().code(), ErrorCode::kFenced);
    EXPECT_EQ(item(two_, name_, "n"), "0");
}

TEST_F(EngineClusterTest, APartitionThatStartsOverIsOpenedAtANewEpoch) {
    const store::Epoch epoch = give(one_, here_);
    start_counting(one_);
    one_.store.fail_next_commit();
    EXPECT_EQ(send_to(one_, name_, "go").error().code(), ErrorCode::kUnavailable);
    ASSERT_TRUE(becomes_true([&] { return !one_.ownership.lost().empty(); }));
    EXPECT_THAT(one_.ownership.lost(), ElementsAre(std::pair(here_, epoch)));
    EXPECT_EQ(send_to(one_, name_, "go").error().code(), ErrorCode::kFenced);
    EXPECT_GT(give(one_, here_), epoch);
    EXPECT_TRUE(send_to(one_, name_, "go"));
    EXPECT_EQ(item(one_, name_, "n"), "1");
}

TEST_F(EngineClusterTest, HeldRequestsEndWhenTheirSessionMoves) {
    give(one_, here_);
    start_counting(one_);
    auto promise = std::make_shared<std::promise<Result<ChartResponse>>>();
    auto response = promise->get_future();
    one_.engine->request(
        event_for(name_, "go"), std::chrono::seconds(60),
        [promise](Result<ChartResponse> told) { promise->set_value(std::move(told)); });
    ASSERT_TRUE(becomes_true([&] { return item(one_, name_, "n") == "1"; }));
    EXPECT_TRUE(is_pending(response));
    ASSERT_TRUE(take(one_, here_));
    EXPECT_EQ(told(response).error().code(), ErrorCode::kUnavailable);
}

TEST_F(EngineClusterTest, AnAnswerToARequestOfAnotherProcessIsNobodysHere) {
    const std::string answering = chart(
        R"(<state id="a">
             <transition event="ask"><send targetexpr="_event.data" event="reply"/></transition>
             <transition event="origin" target="b"/>
           </state><state id="b"><transition event="ask"><send targetexpr="_event.origin" event="mine"/></transition></state>)",
        R"(datamodel="ecmascript")");
    give_all(two_);
    ASSERT_TRUE(start_named(two_, name_, answering));
    const auto ask = [&](const std::string& origin) {
        auto promise = std::make_shared<std::promise<Result<ChartResponse>>>();
        auto future = promise->get_future();
        EventRequest request = event_for(name_, "ask");
        request.event.data = value::Value::string(origin);
        two_.engine->request(
            std::move(request), std::chrono::seconds(60),
            [promise](Result<ChartResponse> told) { promise->set_value(std::move(told)); });
        return future;
    };
    // The first request of either process has number 1 of the session's shard.
    auto other = ask("#_request_1x1x1");
    ASSERT_TRUE(send_to(two_, name_, "origin"));
    EXPECT_TRUE(is_pending(other));
    auto own = ask({});
    const auto answer = told(own);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->event, "mine");
    EXPECT_TRUE(is_pending(other));
    drop(two_, here_);
    EXPECT_FALSE(told(other));
}

// The asked session hands the request's address on to one of the other node, which answers.
class EngineClusterAnswerTest : public EngineClusterFixture {
  protected:
    void SetUp() override {
        give(one_, 2);
        give(two_, 5);
        const std::string asked = chart(
            R"(<state id="a"><transition event="ask">
                 <send targetexpr="')" +
                target_of(helper_) +
                R"('" event="work"><param name="to" expr="_event.origin"/></send>
               </transition></state>)",
            R"(datamodel="ecmascript")");
        const std::string helping = chart(
            R"(<datamodel><data id="n" expr="0"/></datamodel>
               <state id="a"><transition event="work">
                 <assign location="n" expr="n + 1"/>
                 <send targetexpr="_event.data.to" event="done"><param name="n" expr="n"/></send>
                 <send targetexpr="_event.data.to" event="again"/>
               </transition></state>)",
            R"(datamodel="ecmascript")");
        ASSERT_TRUE(start_named(one_, asked_, asked));
        ASSERT_TRUE(start_named(two_, helper_, helping));
        one_.ownership.pass_hints_to(
            [this](Partition partition) { two_.engine->read_inbox(partition); });
    }
    std::future<Result<ChartResponse>> ask(std::chrono::milliseconds timeout) {
        auto promise = std::make_shared<std::promise<Result<ChartResponse>>>();
        auto answer = promise->get_future();
        one_.engine->request(
            event_for(asked_, "ask"), timeout,
            [promise](Result<ChartResponse> told) { promise->set_value(std::move(told)); });
        return answer;
    }
    const std::string asked_ = name_in(2);
    const std::string helper_ = name_in(5);
};

TEST_F(EngineClusterAnswerTest, AnAnswerFromAnotherNodeReachesTheCaller) {
    two_.ownership.pass_answers_to(
        [this](Response response) { one_.engine->respond(std::move(response)); });
    auto answer = ask(std::chrono::seconds(60));

    const auto response = told(answer);
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->event, "done");
    EXPECT_EQ(response->data.to_json(), R"({"n":1})");
    ASSERT_TRUE(becomes_true([&] { return two_.ownership.answered().size() == 2; }));
    EXPECT_EQ(two_.ownership.answered().front().first, 1U);  // the node
}

TEST_F(EngineClusterAnswerTest, ItDoesNotLeaveBeforeItsCommitIsDurableAndTheLeaseRuns) {
    two_.store.hold();
    auto answer = ask(std::chrono::seconds(60));
    ASSERT_TRUE(becomes_true([&] { return two_.store.held() > 0; }));
    settle(two_, 7);  // of the same shard, and not held up
    EXPECT_THAT(two_.ownership.answered(), IsEmpty());
    suspend(two_);
    two_.store.come_back();
    settle(two_, 7);
    EXPECT_THAT(two_.ownership.answered(), IsEmpty());

    resume(two_);
    EXPECT_TRUE(becomes_true([&] { return two_.ownership.answered().size() == 2; }));
}

TEST_F(EngineClusterAnswerTest, AnAnswerForARequestThatEndedIsNoError) {
    auto answer = ask(std::chrono::seconds(60));
    ASSERT_TRUE(becomes_true([&] { return two_.ownership.answered().size() == 2; }));
    drop(one_, 2);
    EXPECT_FALSE(told(answer));
    for (auto& [node, response] : two_.ownership.answered()) {
        one_.engine->respond(response);
    }
    // Nor for the node's next process, or for one that never was.
    two_.engine->respond({"1x2x3", "old", {}});
    two_.engine->respond({"2x1x2x3", "other", {}});
    two_.engine->respond({"nonsense", "other", {}});

    EXPECT_EQ(item(two_, helper_, "n"), "1");
}

TEST_F(EngineClusterTest, ATimerFiresOnceWhoeverOwnsItThen) {
    const std::string ringing = chart(
        R"(<datamodel><data id="n" expr="0"/></datamodel>
           <state id="a"><onentry><send event="ring" delay="10s"/></onentry>
             <transition event="ring"><assign location="n" expr="n + 1"/></transition></state>)",
        R"(datamodel="ecmascript")");
    give(one_, here_);
    ASSERT_TRUE(start_named(one_, name_, ringing));
    EXPECT_EQ(one_.engine->counters().timers_pending, 1U);
    ASSERT_TRUE(take(one_, here_));
    give(two_, here_);
    EXPECT_EQ(item(two_, name_, "n"), "0");
    EXPECT_EQ(one_.engine->counters().timers_pending, 0U);
    clock_.advance(std::chrono::seconds(11));
    EXPECT_TRUE(becomes_true([&] { return item(two_, name_, "n") == "1"; }));
    EXPECT_EQ(one_.engine->counters().timers_fired, 0U);
    ASSERT_TRUE(take(two_, here_));
    give(one_, here_);
    EXPECT_EQ(item(one_, name_, "n"), "1");
    EXPECT_EQ(one_.engine->counters().timers_pending, 0U);
}

TEST_F(EngineClusterTest, TimersWaitWhileAPartitionIsClosed) {
    const std::string ringing = chart(
        R"(<state id="a"><onentry><send event="ring" delay="10s"/></onentry>
             <transition event="ring" target="b"/></state><state id="b"/>)");
    give(one_, here_);
    ASSERT_TRUE(start_named(one_, name_, ringing));
    one_.store.hold();
    auto flying = send_later(one_, name_, "go");
    ASSERT_TRUE(has_held(one_, 1));
    const auto closed = close_later(one_, here_);
    settle(one_, 5);
    clock_.advance(std::chrono::seconds(11));
    settle(one_, 5);
    settle(one_, 5);
    one_.store.come_back();
    ASSERT_TRUE(told(flying));
    ASSERT_TRUE(becomes_true([&] { return closed->load(); }));
    EXPECT_EQ(one_.engine->counters().timers_fired, 0U);
    give(two_, here_);
    EXPECT_TRUE(becomes_true([&] { return is_in(*view(two_, name_), "b"); }));
}

}  // namespace
}  // namespace fermata::engine
