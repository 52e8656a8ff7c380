// Limits of a macrostep: the first hit is told to the chart, the second ends the session.
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

SessionLimits limits_of(std::uint32_t microsteps, std::uint32_t entries, std::uint32_t queue) {
    SessionLimits limits;
    limits.microstep_count_max = microsteps;
    limits.state_entry_count_max = entries;
    limits.pending_events_max = queue;
    return limits;
}

constexpr const char* kCircle =
    "<state id='a'><transition event='error.platform.limit' target='safe'/><transition "
    "target='b'/></state>"
    "<state id='b'><transition event='error.platform.limit' target='safe'/><transition "
    "target='a'/></state>"
    "<state id='safe'/>";

TEST(LimitsTest, ChartMayReactToTheFirstHit) {
    Simulation simulation(limits_of(10, 100, 100));
    simulation.start(document(kCircle, "null"));

    EXPECT_EQ(simulation.active(), "safe");
    EXPECT_TRUE(simulation.is_running());
}

TEST(LimitsTest, SecondHitEndsTheSession) {
    Simulation simulation(limits_of(10, 1000, 100));
    simulation.start(
        document("<state id='a'><onexit><log label='no'/></onexit><transition event='go' "
                 "target='b'/></state>\n<state id='b'><transition target='c'/></state>\n"
                 "<state id='c'><transition target='b'/></state>",
                 "null"));

    simulation.take_trace();
    simulation.send("go");

    EXPECT_FALSE(simulation.is_running());
    ASSERT_EQ(simulation.ends().size(), 1U);
    EXPECT_EQ(simulation.ends()[0].reason, EndReason::kLimit);
    EXPECT_EQ(
        simulation.ends()[0].detail.substr(0, 42),
        "max-microstep-count (10) at test.scxml:" + simulation.ends()[0].detail.substr(39, 3));
    EXPECT_EQ(simulation.take_trace("exit").find("exit a; "), 0U);
}

TEST(LimitsTest, ExactlyTheAllowedMicrostepsRun) {
    const std::string three =
        "<state id='a'><transition target='b'/></state><state id='b'><transition target='c'/>"
        "</state><state id='c'><transition target='d'/></state><state id='d'/>";
    Simulation enough(limits_of(3, 100, 100));
    enough.start(document(three, "null"));
    EXPECT_EQ(enough.take_trace("event"), "");

    Simulation too_few(limits_of(2, 100, 100));
    too_few.start(document(three, "null"));
    EXPECT_EQ(too_few.take_trace("event"), "event error.platform.limit");
    EXPECT_EQ(too_few.active(), "d");
}

TEST(LimitsTest, EntriesOfOneStateAreCounted) {
    Simulation simulation(limits_of(1000, 5, 100));
    simulation.start(document(kCircle, "null"));

    EXPECT_EQ(simulation.active(), "safe");
    EXPECT_EQ(simulation.take_trace("event"), "event error.platform.limit");
}

TEST(LimitsTest, EveryMacrostepHasItsOwnAllowance) {
    Simulation simulation(limits_of(2, 2, 100));
    simulation.start(
        document("<state id='a'><transition event='e' target='b'/></state>"
                 "<state id='b'><transition event='e' target='a'/></state>",
                 "null"));

    for (int count = 0; count < 20; ++count) {
        simulation.send("e");
    }

    EXPECT_EQ(simulation.take_trace("event").find("limit"), std::string::npos);
}

TEST(LimitsTest, InternalQueueIsBounded) {
    Simulation simulation(limits_of(1000, 1000, 3));
    simulation.start(
        document("<state id='a'><onentry><raise event='1'/><raise event='2'/><raise event='3'/>"
                 "<raise event='4'/><raise event='5'/></onentry>"
                 "<transition event='error.platform.limit' target='safe'/></state>"
                 "<state id='safe'/>",
                 "null"));

    EXPECT_EQ(simulation.active(), "safe");
    EXPECT_EQ(simulation.take_trace("event"), "event error.platform.limit");
}

TEST(LimitsTest, TimeoutIsToldAndThenEndsTheSession) {
    Simulation simulation(limits_of(1'000'000, 1'000'000, 100));
    simulation.set_stop(true);
    simulation.start(document(kCircle, "null"));
    EXPECT_EQ(simulation.active(), "safe");

    Simulation stubborn(limits_of(1'000'000, 1'000'000, 100));
    stubborn.set_stop(true);
    stubborn.start(
        document("<state id='a'><transition target='b'/></state>"
                 "<state id='b'><transition target='a'/></state>",
                 "null"));
    ASSERT_EQ(stubborn.ends().size(), 1U);
    EXPECT_NE(stubborn.ends()[0].detail.find("process-event-timeout"), std::string::npos);
}

TEST(LimitsTest, EndlessScriptIsStopped) {
    Simulation simulation;
    simulation.set_stop(true);
    simulation.start(
        document("<state id='a'><onentry><script>while (true) {}</script></onentry>"
                 "<transition event='error.platform.limit' target='safe'/></state>"
                 "<state id='safe'/>"));

    EXPECT_EQ(simulation.active(), "safe");
}

TEST(LimitsTest, EndlessForeachIsStopped) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='many' expr='new Array(100000).fill(1)'/></datamodel>"
                 "<state id='a'><transition event='go'><foreach array='many' item='x'>"
                 "<if cond='false'/></foreach><raise event='through'/></transition>"
                 "<transition event='through' target='missed'/>"
                 "<transition event='error.platform.limit' target='safe'/></state>"
                 "<state id='missed'/><state id='safe'/>"));
    simulation.set_stop(true);
    simulation.send("go");

    EXPECT_EQ(simulation.active(), "safe");
}

TEST(LimitsTest, EventSaysWhichLimitAndWhere) {
    Simulation simulation(limits_of(10, 100, 100));
    simulation.start(document(
        "<state id='a'>\n<transition event='error.platform.limit' target='safe'>"
        "<log expr=\"_event.data.limit + ' ' + _event.data.value + ' ' + _event.data.state "
        "+ ' ' + _event.data.line\"/></transition>\n<transition cond='true' target='a'/>"
        "</state><state id='safe'/>"));

    EXPECT_EQ(simulation.take_trace("log"), "log max-microstep-count 10 a 3");
}

TEST(LimitsTest, ChildrenBeyondTheLimitAreNotInvoked) {
    SessionLimits limits;
    limits.invokes_max = 1;
    Simulation simulation(limits);
    const std::string child = "<content>" + document("<state/>", "null") + "</content>";
    simulation.start(document("<state id='a'><invoke id='one'>" + child +
                                  "</invoke><invoke id='two'>" + child + "</invoke></state>",
                              "null"));

    EXPECT_EQ(simulation.take_trace("invoke event"), "event error.execution; invoke one");
}

TEST(LimitsTest, EffectsBeyondTheLimitAreErrorsAtTheirElement) {
    SessionLimits limits;
    limits.effects_per_run_max = 3;
    Simulation simulation(limits);
    simulation.start(document(
        "<datamodel><data id='n' expr='0'/></datamodel><state id='a'><onentry>"
        "<foreach array='[1,2,3,4,5]' item='i'><assign location='n' expr='i'/>"
        "<log expr='i'/></foreach><assign location='n' expr=\"'never'\"/></onentry>"
        "<transition event='error.execution' target='b'/></state>"
        "<state id='b'><transition event='go' cond='n == 4'><log expr='n'/></transition></state>"));
    EXPECT_EQ(simulation.take_trace("log"), "log 1; log 2; log 3");

    simulation.send("go");

    EXPECT_EQ(simulation.take_trace("log"), "log 4");
}

}  // namespace
}  // namespace fermata::scxml
