// History states (SCXML 3.10).
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

std::string chart(std::string_view kind) {
    return document(R"xml(<state id="p" initial="a">
        <history id="h" type=")xml" +
                        std::string(kind) + R"xml("><transition target="b"/></history>
        <transition event="leave" target="x"/>
        <state id="a"><transition event="next" target="b2"/></state>
        <state id="b" initial="b1"><state id="b1"/><state id="b2"/></state></state>
        <state id="x"><transition event="back" target="h"/></state>)xml",
                    "null");
}

TEST(HistoryTest, ShallowRemembersTheChild) {
    Simulation simulation;
    simulation.start(chart("shallow"));
    simulation.send("next");
    simulation.send("leave");

    simulation.send("back");

    EXPECT_EQ(simulation.active(), "b1");
}

TEST(HistoryTest, DeepRemembersTheAtomicState) {
    Simulation simulation;
    simulation.start(chart("deep"));
    simulation.send("next");
    simulation.send("leave");

    simulation.send("back");

    EXPECT_EQ(simulation.active(), "b2");
}

TEST(HistoryTest, ValueIsThatOfTheLastExit) {
    Simulation simulation;
    simulation.start(chart("deep"));
    simulation.send("leave");
    simulation.send("back");
    EXPECT_EQ(simulation.active(), "a");

    simulation.send("next");
    simulation.send("leave");
    simulation.send("back");

    EXPECT_EQ(simulation.active(), "b2");
}

TEST(HistoryTest, DefaultContentRunsBetweenOnentryOfTheParentAndTheChildren) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="x"><transition event="go" target="h"/></state>
        <state id="p"><onentry><raise event="parent"/></onentry>
        <history id="h"><transition target="a"><raise event="default"/></transition></history>
        <transition event="leave" target="x"/>
        <state id="a"><onentry><raise event="child"/></onentry></state></state>)xml",
                              "null"));

    simulation.send("go");
    EXPECT_EQ(simulation.take_trace("event"), "event go; event parent; event default; event child");
    simulation.send("leave");
    simulation.send("go");
    EXPECT_EQ(simulation.take_trace("event"), "event leave; event go; event parent; event child");
}

TEST(HistoryTest, DeepHistoryOfAParallelRestoresEveryRegion) {
    Simulation simulation;
    simulation.start(document(
        R"xml(<parallel id="p"><history id="h" type="deep"><transition target="r1"/></history>
        <transition event="leave" target="x"/>
        <state id="r1"><state id="a1"><transition event="one" target="a2"/></state><state id="a2"/></state>
        <state id="r2"><state id="b1"><transition event="two" target="b2"/></state><state id="b2"/></state>
        </parallel><state id="x"><transition event="back" target="h"/></state>)xml",
        "null"));
    simulation.send("two");
    simulation.send("leave");

    simulation.send("back");

    EXPECT_EQ(simulation.active(), "a1 b2");
}

TEST(HistoryTest, TransitionToAHistoryOfAnActiveParentGoesByWhatItRemembersNow) {
    // The domain of such a transition depends on the recorded value.
    Simulation simulation;
    simulation.start(document(R"xml(<state id="p"><history id="h"><transition target="b"/></history>
        <transition event="again" target="h"/><state id="a"/><state id="b"/></state>)xml",
                              "null"));
    simulation.take_trace();

    simulation.send("again");

    EXPECT_EQ(simulation.take_trace("enter exit"), "exit a; exit p; enter p; enter a");
}

}  // namespace
}  // namespace fermata::scxml
