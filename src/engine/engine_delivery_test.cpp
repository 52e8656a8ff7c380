// What sessions send: to themselves, each other, their children, clients that wait, and HTTP.
#include <gtest/gtest.h>

#include "engine/engine_fixture.h"

namespace fermata::engine {
namespace {

using EngineDeliveryTest = EngineFixture;

constexpr const char* kEcmascript = "datamodel='ecmascript'";

TEST_F(EngineDeliveryTest, SelfSentEventsBelongToOneCommit) {
    open();
    const std::string id = start(chart(R"(
      <datamodel><data id="n" expr="0"/></datamodel>
      <state id="s"><transition event="go" cond="n &lt; 5"><assign location="n" expr="n + 1"/><send event="go"/></transition></state>)",
                                       kEcmascript));

    const auto answer = send(id, "go");

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->seq, 2U);
    EXPECT_EQ(data(*query(id), "n"), "5");
}

TEST_F(EngineDeliveryTest, ARunThatReachesItsBoundGoesOnInTheNextCommit) {
    options_.session.macrosteps_per_run_max = 3;
    open();
    const std::string id = start(chart(R"(
      <datamodel><data id="n" expr="0"/></datamodel>
      <state id="s"><transition event="go" cond="n &lt; 10"><assign location="n" expr="n + 1"/><send event="go"/></transition></state>)",
                                       kEcmascript));

    ASSERT_TRUE(send(id, "go"));

    EXPECT_TRUE(becomes(id, [](const SessionView& view) { return data(view, "n") == "10"; }));
    EXPECT_GT(query(id)->summary.seq, 3U);
}

TEST_F(EngineDeliveryTest, AnIdempotencyKeyMakesARepetitionHarmless) {
    open();
    const std::string id = start(chart(R"(
      <datamodel><data id="n" expr="0"/></datamodel>
      <state id="s"><transition event="up"><assign location="n" expr="n + 1"/></transition></state>)",
                                       kEcmascript));

    const auto first = send(id, "up", {}, "k");
    const auto second = send(id, "up", {}, "k");
    engine_.reset();
    open();
    const auto third = send(id, "up", {}, "k");

    ASSERT_TRUE(first && second && third);
    EXPECT_FALSE(first->repeated);
    EXPECT_TRUE(second->repeated);
    EXPECT_TRUE(third->repeated);
    EXPECT_EQ(third->seq, first->seq);
    EXPECT_EQ(data(*query(id), "n"), "1");
}

TEST_F(EngineDeliveryTest, ANamedSessionIsStartedOnce) {
    open();
    StartRequest request;
    request.id = "order-1";
    request.document = chart("<state id='s'/>");
    ASSERT_TRUE(try_start(request));

    const auto again = try_start(request);

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), ErrorCode::kConflict);
    EXPECT_EQ(query("order-1")->summary.key, "order-1");
}

TEST_F(EngineDeliveryTest, AChartAnswersAHeldRequest) {
    open();
    const std::string id = start(chart(R"(<state id="s"><transition event="ask">
      <send event="told" targetexpr="_event.origin" typeexpr="_event.origintype"><param name="x" expr="_event.data * 2"/></send>
      </transition></state>)",
                                       kEcmascript));
    EventRequest request;
    request.session = id;
    request.event.name = "ask";
    request.event.data = value::Value::integer(21);

    const auto answer = wait_for<ChartResponse>(
        [&](auto done) { engine_->request(request, std::chrono::seconds(5), std::move(done)); });

    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ(answer->event, "told");
    EXPECT_EQ(answer->data.to_json(), R"({"x":42})");
}

TEST_F(EngineDeliveryTest, AnHttpSendCarriesAnIdAndItsFailureComesBack) {
    open();
    const std::string document = chart(R"(<state id="s">
      <transition event="go"><send event="hi" type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor"
        target="http://there.test/x"><param name="a" expr="'b c'"/></send></transition>
      <transition event="error.communication" target="failed"/></state><state id="failed"/>)",
                                       kEcmascript);
    const std::string id = start(document);
    ASSERT_TRUE(send(id, "go"));
    ASSERT_TRUE(becomes(id, [&](const SessionView&) { return outside_.sends().size() == 1; }));
    EXPECT_EQ(outside_.sends()[0].body, "_scxmleventname=hi&a=b+c");
    EXPECT_EQ(outside_.sends()[0].id, SessionId::parse(id)->key() + ":2:0");

    outside_.answer_sends_with(Error(ErrorCode::kForbidden, "not allowed"));
    ASSERT_TRUE(send(id, "go"));

    EXPECT_TRUE(enters(id, "failed"));
    EXPECT_TRUE(
        becomes(id, [&](const SessionView&) { return engine_->counters().outbox_pending == 0; }));
}

TEST_F(EngineDeliveryTest, AnHttpSendThatFailsForNowIsTriedAgainUnderTheSameId) {
    open();
    outside_.answer_sends_with(Error(ErrorCode::kUnavailable, "not now"));
    const std::string id = start(chart(R"(<state id="s"><transition event="go">
      <send event="hi" type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor" target="http://there.test/x"/>
      </transition><transition event="error.communication" target="failed"/></state><state id="failed"/>)"));
    ASSERT_TRUE(send(id, "go"));
    ASSERT_TRUE(becomes(id, [&](const SessionView&) { return outside_.sends().size() == 1; }));

    ASSERT_TRUE(becomes(id, [&](const SessionView&) {
        clock_.advance(std::chrono::seconds(1));
        return outside_.sends().size() == 3;
    }));
    outside_.answer_sends_with({});
    ASSERT_TRUE(becomes(id, [&](const SessionView&) {
        clock_.advance(std::chrono::seconds(1));
        return engine_->counters().outbox_pending == 0;
    }));

    const auto sends = outside_.sends();
    EXPECT_TRUE(std::all_of(sends.begin(), sends.end(),
                            [&](const HttpSend& one) { return one.id == sends[0].id; }));
    EXPECT_TRUE(is_in(*query(id), "s"));
}

TEST_F(EngineDeliveryTest, AutoforwardPassesEveryExternalEventOn) {
    open();
    outside_.add("http://docs.test/child",
                 chart("<state id='s'><transition event='other' target='t'/></state><state id='t'>"
                       "<transition event='deep.er' target='u'/></state><state id='u'/>"));
    const std::string parent = start(chart(
        "<state id='p'><invoke id='c' src='http://docs.test/child' autoforward='true'/></state>"));
    ASSERT_TRUE(becomes(parent, [&](const SessionView& view) {
        return view.invokes.size() == 1 && query(view.invokes[0].second.to_string()).has_value();
    }));
    const std::string child = query(parent)->invokes[0].second.to_string();

    ASSERT_TRUE(send(parent, "other"));
    ASSERT_TRUE(send(parent, "deep.er"));

    EXPECT_TRUE(enters(child, "u"));
}

constexpr const char* kParent = R"(
  <state id="p"><invoke id="c" src="http://docs.test/child"/>
    <transition event="done.invoke.c" target="done"/>
    <transition event="error.communication" target="failed"/>
    <transition event="leave" target="left"/></state>
  <state id="done"/><state id="failed"/><state id="left"/>)";

TEST_F(EngineDeliveryTest, AParentHearsOfItsChildsEnd) {
    open();
    outside_.add(
        "http://docs.test/child",
        chart("<state id='s'><transition event='end' target='f'/></state><final id='f'/>"));
    const std::string parent = start(chart(kParent));
    ASSERT_TRUE(becomes(parent, [&](const SessionView& view) {
        return view.invokes.size() == 1 && query(view.invokes[0].second.to_string()).has_value();
    }));
    const std::string child = query(parent)->invokes[0].second.to_string();
    EXPECT_EQ(query(child)->summary.parent, *SessionId::parse(parent));

    ASSERT_TRUE(send(child, "end"));

    EXPECT_TRUE(enters(parent, "done"));
    EXPECT_EQ(query(child)->summary.status, SessionStatus::kFinal);
}

TEST_F(EngineDeliveryTest, AParentThatLeavesCancelsItsChild) {
    open();
    outside_.add("http://docs.test/child", chart("<state id='s'/>"));
    const std::string parent = start(chart(kParent));
    ASSERT_TRUE(becomes(parent, [&](const SessionView& view) {
        return view.invokes.size() == 1 && query(view.invokes[0].second.to_string()).has_value();
    }));
    const std::string child = query(parent)->invokes[0].second.to_string();

    ASSERT_TRUE(send(parent, "leave"));

    EXPECT_TRUE(becomes(child, [](const SessionView& view) {
        return view.summary.status == SessionStatus::kCancelled;
    }));
    EXPECT_TRUE(is_in(*query(parent), "left"));
}

TEST_F(EngineDeliveryTest, AChildThatCannotStartOrIsTerminatedIsReported) {
    open();
    const std::string without_document = start(chart(kParent));
    EXPECT_TRUE(enters(without_document, "failed"));

    outside_.add("http://docs.test/child", chart("<state id='s'/>"));
    const std::string parent = start(chart(kParent));
    ASSERT_TRUE(becomes(parent, [&](const SessionView& view) {
        return view.invokes.size() == 1 && query(view.invokes[0].second.to_string()).has_value();
    }));
    ASSERT_TRUE(terminate(query(parent)->invokes[0].second.to_string()));

    EXPECT_TRUE(enters(parent, "failed"));
}

TEST_F(EngineDeliveryTest, EventsThatNobodyCanReceiveComeBackAsErrors) {
    open();
    const std::string nobody = SessionId::from_name("nobody", kPartitions).to_string();
    const std::string id = start(chart(R"(<state id="s">
      <transition event="go"><send id="x" event="hi" target="#_scxml_)" +
                                       nobody + R"("/></transition>
      <transition event="error.communication" target="failed"/></state><state id="failed"/>)"));

    ASSERT_TRUE(send(id, "go"));

    EXPECT_TRUE(enters(id, "failed"));
}

TEST_F(EngineDeliveryTest, AScheduledSessionStartsWhenItsTimeComes) {
    open();
    StartRequest request;
    request.document = chart("<datamodel><data id='a'/></datamodel><state id='s'/>", kEcmascript);
    request.params.emplace_back("a", value::Value::integer(7));
    request.start_at = clock_.now_ms() + 60'000;
    const auto outcome = try_start(request);
    ASSERT_TRUE(outcome && outcome->answer);
    const std::string id = outcome->answer->session.to_string();
    EXPECT_EQ(query(id)->summary.status, SessionStatus::kScheduled);
    EXPECT_EQ(send(id, "x").error().code(), ErrorCode::kConflict);

    engine_.reset();
    open();
    clock_.advance(std::chrono::seconds(61));

    EXPECT_TRUE(enters(id, "s"));
    EXPECT_EQ(data(*query(id), "a"), "7");
}

TEST_F(EngineDeliveryTest, ASessionThatGrowsBeyondItsLimitEndsAlone) {
    options_.session.session_bytes_max = 10'000;
    open();
    const std::string document = chart(R"(
      <datamodel><data id="text" expr="'x'"/></datamodel>
      <state id="s"><transition event="grow"><assign location="text" expr="text + text"/></transition></state>)",
                                       kEcmascript);
    const std::string big = start(document);
    const std::string other = start(document);

    for (int at = 0; at < 14 && send(big, "grow"); ++at) {
    }

    const auto view = query(big);
    ASSERT_TRUE(view) << view.error().to_string();
    EXPECT_EQ(view->summary.status, SessionStatus::kError);
    EXPECT_NE(view->detail.find("max-session-size (10000)"), std::string::npos) << view->detail;
    EXPECT_TRUE(send(other, "grow"));
}

TEST_F(EngineDeliveryTest, MoreTimersThanAllowedAreErrorsOfTheChart) {
    options_.session.timers_max = 2;
    open();
    const std::string id = start(chart(R"(<state id="s">
      <transition event="go"><send event="later" delay="3600s"/></transition>
      <transition event="error.execution" target="failed"/></state><state id="failed"/>)"));
    ASSERT_TRUE(send(id, "go"));
    ASSERT_TRUE(send(id, "go"));
    EXPECT_EQ(query(id)->timers.size(), 2U);

    ASSERT_TRUE(send(id, "go"));

    EXPECT_TRUE(is_in(*query(id), "failed"));
}

TEST_F(EngineDeliveryTest, ASessionThatIsTooOldIsEnded) {
    options_.session_age_max = std::chrono::seconds(60);
    open();
    const std::string id = start(chart("<state id='s'/>"));

    clock_.advance(std::chrono::seconds(75));

    EXPECT_TRUE(becomes(id, [](const SessionView& view) {
        return view.summary.status == SessionStatus::kError &&
               view.detail == "max-session-age (60 s)";
    }));
}

TEST_F(EngineDeliveryTest, ListsAreCompleteAndGoOnAtTheirCursor) {
    open();
    for (int at = 0; at < 25; ++at) {
        start(chart("<state id='s'/>"));
    }
    std::size_t seen = 0;
    ListQuery list;
    list.limit = 10;
    do {
        const auto page =
            wait_for<ListAnswer>([&](auto done) { engine_->list(list, std::move(done)); });
        ASSERT_TRUE(page) << page.error().to_string();
        seen += page->sessions.size();
        list.cursor = page->next;
    } while (!list.cursor.empty());

    EXPECT_EQ(seen, 25U);
}

TEST_F(EngineDeliveryTest, AfterStopCallsAreAnsweredUnavailable) {
    open();
    const std::string id = start(chart("<state id='s'/>"));
    engine_->stop(std::chrono::seconds(1));

    EXPECT_EQ(send(id, "x").error().code(), ErrorCode::kUnavailable);
    EXPECT_EQ(engine_->not_ready_reason(), "the server stops");
}

}  // namespace
}  // namespace fermata::engine
