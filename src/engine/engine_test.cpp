// The engine as its callers see it, on a MemoryStore.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include "engine/engine_fixture.h"

namespace fermata::engine {
namespace {

using EngineTest = EngineFixture;

constexpr const char* kCounter = R"(
  <datamodel><data id="n" expr="0"/><data id="other" expr="'same'"/></datamodel>
  <state id="on">
    <transition event="up"><assign location="n" expr="n + 1"/></transition>
    <transition event="off" target="done"/>
  </state>
  <final id="done"><donedata><param name="n" expr="n"/></donedata></final>)";

std::string counter() {
    return R"(<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="counter" datamodel="ecmascript">)" +
           std::string(kCounter) + "</scxml>";
}

TEST_F(EngineTest, StartsASessionAndProcessesEvents) {
    open();
    const std::string id = start(counter());

    const auto first = send(id, "up");
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_EQ(first->seq, 2U);
    ASSERT_TRUE(send(id, "up"));

    const auto view = query(id);
    ASSERT_TRUE(view) << view.error().to_string();
    EXPECT_EQ(view->summary.status, SessionStatus::kActive);
    EXPECT_EQ(view->summary.application, "counter");
    EXPECT_EQ(view->summary.seq, 3U);
    EXPECT_TRUE(is_in(*view, "on"));
    EXPECT_EQ(data(*view, "n"), "2");
}

TEST_F(EngineTest, AnEndedSessionCanBeAskedForItsResult) {
    open();
    const std::string id = start(counter());
    ASSERT_TRUE(send(id, "up"));
    ASSERT_TRUE(send(id, "off"));

    const auto view = query(id);
    ASSERT_TRUE(view) << view.error().to_string();
    EXPECT_EQ(view->summary.status, SessionStatus::kFinal);
    EXPECT_EQ(view->donedata.to_json(), R"({"n":1})");
    EXPECT_TRUE(is_in(*view, "done"));
    EXPECT_EQ(send(id, "up").error().code(), ErrorCode::kNotFound);
}

TEST_F(EngineTest, SessionsSurviveTheEngine) {
    open();
    const std::string id = start(counter());
    ASSERT_TRUE(send(id, "up"));

    engine_.reset();
    open();

    ASSERT_TRUE(send(id, "up"));
    const auto view = query(id);
    ASSERT_TRUE(view) << view.error().to_string();
    EXPECT_EQ(data(*view, "n"), "2");
    EXPECT_EQ(view->summary.seq, 3U);
    EXPECT_EQ(engine_->counters().sessions_restored, 1U);
}

TEST_F(EngineTest, ATimerFiresOnceAndAlsoAfterANewStart) {
    const std::string document = chart(R"(
      <datamodel><data id="fired" expr="0"/></datamodel>
      <state id="wait">
        <onentry><send event="ring" delay="10s"/></onentry>
        <transition event="ring"><assign location="fired" expr="fired + 1"/></transition>
      </state>)",
                                       "datamodel='ecmascript'");
    open();
    const std::string id = start(document);
    ASSERT_EQ(query(id)->timers.size(), 1U);

    engine_.reset();
    clock_.advance(std::chrono::seconds(11));
    open();

    EXPECT_TRUE(becomes(id, [](const SessionView& view) { return data(view, "fired") == "1"; }));
    EXPECT_TRUE(query(id)->timers.empty());
    engine_.reset();
    open();
    ASSERT_TRUE(send(id, "nothing"));
    EXPECT_EQ(data(*query(id), "fired"), "1");
}

TEST_F(EngineTest, ASessionRestoredFromItsRecordRunsOnAsIfItHadStayed) {
    options_.active_max = 2;
    open();
    std::vector<std::string> ids;
    ids.reserve(20);
    for (int at = 0; at < 20; ++at) {
        ids.push_back(start(counter()));
    }
    for (int round = 0; round < 3; ++round) {
        for (const std::string& id : ids) {
            ASSERT_TRUE(send(id, "up"));
        }
    }

    for (const std::string& id : ids) {
        EXPECT_EQ(data(*query(id), "n"), "3");
    }
    const EngineCounters counters = engine_->counters();
    EXPECT_LE(counters.sessions_active, 4U);
    EXPECT_GE(counters.sessions_passivated, 16U);
    EXPECT_GT(counters.sessions_restored, 20U);
}

}  // namespace
}  // namespace fermata::engine
