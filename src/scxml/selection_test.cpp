// Which transitions are taken, and in which order states are left and entered (SCXML 3.13,
// appendix D).
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

TEST(SelectionTest, FirstTransitionInDocumentOrderWins) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="a"><transition event="e" target="b"/>
        <transition event="e" target="c"/></state><state id="b"/><state id="c"/>)xml",
                              "null"));

    simulation.send("e");

    EXPECT_EQ(simulation.active(), "b");
}

TEST(SelectionTest, DescendantComesBeforeItsAncestor) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="p"><transition event="e" target="x"/>
        <state id="a"><transition event="e" target="b"/></state><state id="b"/></state>
        <state id="x"/>)xml",
                              "null"));

    simulation.send("e");
    EXPECT_EQ(simulation.active(), "b");
    simulation.send("e");
    EXPECT_EQ(simulation.active(), "x");
}

TEST(SelectionTest, EventlessTransitionsComeBeforeInternalEvents) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="a"><onentry><raise event="e"/></onentry>
        <transition event="e" target="wrong"/><transition target="b"/></state>
        <state id="b"><transition event="e" target="right"/></state>
        <state id="wrong"/><state id="right"/>)xml",
                              "null"));

    EXPECT_EQ(simulation.active(), "right");
}

TEST(SelectionTest, InternalEventsComeBeforeExternalOnes) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="a"><onentry><send event="out"/><raise event="in"/>
        </onentry><transition event="out" target="wrong"/><transition event="in" target="b"/></state>
        <state id="b"><transition event="out" target="right"/></state>
        <state id="wrong"/><state id="right"/>)xml",
                              "null"));

    EXPECT_EQ(simulation.active(), "right");
}

TEST(SelectionTest, ExternalTransitionLeavesItsSourceAndInternalDoesNot) {
    const std::string body = R"xml(<state id="p" initial="a">
        <transition event="outer" target="b"/><transition event="inner" type="internal" target="b"/>
        <state id="a"/><state id="b"/></state>)xml";
    Simulation simulation;
    simulation.start(document(body, "null"));
    simulation.take_trace();

    simulation.send("inner");
    EXPECT_EQ(simulation.take_trace("enter exit"), "exit a; enter b");
    simulation.send("outer");
    EXPECT_EQ(simulation.take_trace("enter exit"), "exit b; exit p; enter p; enter b");
}

TEST(SelectionTest, InternalTransitionOfAParallelIsExternal) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="top"><parallel id="p">
        <transition event="e" type="internal" target="b"/>
        <state id="a"/><state id="b"/></parallel></state>)xml",
                              "null"));
    simulation.take_trace();

    simulation.send("e");

    EXPECT_EQ(simulation.take_trace("enter exit"),
              "exit b; exit a; exit p; enter p; enter a; enter b");
}

TEST(SelectionTest, TargetlessTransitionLeavesNothing) {
    Simulation simulation;
    simulation.start(
        document(R"xml(<state id="p"><transition event="e"><raise event="f"/></transition>
        <state id="a"><transition event="f" target="b"/></state><state id="b"/></state>)xml",
                 "null"));
    simulation.take_trace();

    simulation.send("e");

    EXPECT_EQ(simulation.take_trace("enter exit take"), "take p; exit a; take a; enter b");
}

TEST(SelectionTest, EarlierRegionPreemptsALaterOneThatWouldLeaveTheParallel) {
    Simulation simulation;
    simulation.start(document(R"xml(<parallel id="p">
        <state id="r1"><state id="a1"><transition event="e" target="a2"/></state><state id="a2"/></state>
        <state id="r2"><state id="b1"><transition event="e" target="x"/></state></state>
        </parallel><state id="x"/>)xml",
                              "null"));

    simulation.send("e");
    EXPECT_EQ(simulation.active(), "a2 b1");
    simulation.send("e");
    EXPECT_EQ(simulation.active(), "x");
}

TEST(SelectionTest, TransitionOfADescendantRemovesOneOfItsAncestorSelectedEarlier) {
    // The first region has no transition of its own, so it selects the ancestor's; the second
    // region's own transition is deeper and wins.
    Simulation simulation;
    simulation.start(document(R"xml(<parallel id="p"><transition event="e" target="x"/>
        <state id="r1"/>
        <state id="r2"><state id="b1"><transition event="e" target="b2"/></state><state id="b2"/></state>
        </parallel><state id="x"/>)xml",
                              "null"));

    simulation.send("e");

    EXPECT_EQ(simulation.active(), "r1 b2");
}

TEST(SelectionTest, TransitionOfAnAncestorIsTakenOnceForAllItsRegions) {
    Simulation simulation;
    simulation.start(
        document(R"xml(<parallel id="p"><transition event="e"><raise event="f"/></transition>
        <state id="r1"/><state id="r2"/></parallel>)xml",
                 "null"));
    simulation.take_trace();

    simulation.send("e");

    EXPECT_EQ(simulation.take_trace("event take"), "event e; take p; event f");
}

TEST(SelectionTest, TransitionOutOfARegionReentersItsSiblings) {
    Simulation simulation;
    simulation.start(document(R"xml(<parallel id="p">
        <state id="r1"><state id="a"><transition event="e" target="b2"/></state></state>
        <state id="r2"><state id="b1"/><state id="b2"/></state></parallel>)xml",
                              "null"));
    simulation.take_trace();

    simulation.send("e");

    EXPECT_EQ(simulation.active(), "a b2");
    EXPECT_EQ(simulation.take_trace("enter exit"),
              "exit b1; exit r2; exit a; exit r1; exit p; enter p; enter r1; enter a; enter r2; "
              "enter b2");
}

TEST(SelectionTest, SeveralTargetsEnterOneStateOfEachRegion) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="s"><transition event="e" target="b2 a2"/></state>
        <parallel id="p"><state id="r1"><state id="a1"/><state id="a2"/></state>
        <state id="r2"><state id="b1"/><state id="b2"/></state>
        <state id="r3"><state id="c1"/><state id="c2"/></state></parallel>)xml",
                              "null"));

    simulation.send("e");

    EXPECT_EQ(simulation.active(), "a2 b2 c1");
}

TEST(SelectionTest, InitialTransitionContentRunsAfterOnentryOfItsState) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="p"><onentry><log label="onentry"/></onentry>
        <initial><transition target="deep"><log label="initial"/></transition></initial>
        <state id="a"/><state id="b"><onentry><log label="b"/></onentry><state id="deep"/></state>
        </state>)xml",
                              "null"));

    EXPECT_EQ(simulation.active(), "deep");
    EXPECT_EQ(simulation.take_trace("log"),
              "log onentry undefined; log initial undefined; log b undefined");
}

TEST(SelectionTest, ConditionInErrorIsFalseAndTold) {
    Simulation simulation;
    simulation.start(
        document(R"xml(<state id="a"><transition event="e" cond="nowhere.to" target="b"/>
        <transition event="error.execution" target="c"/></state><state id="b"/><state id="c"/>)xml"));

    simulation.send("e");

    EXPECT_EQ(simulation.active(), "c");
}

TEST(SelectionTest, InSeesTheStatesThatAreStillActiveDuringExit) {
    Simulation simulation;
    simulation.start(
        document(R"xml(<state id="p"><onexit><log expr="In('a') + ' ' + In('p')"/></onexit>
        <state id="a"><onexit><log expr="In('a')"/></onexit></state>
        <transition event="e" target="x"/></state><state id="x"/>)xml"));

    simulation.send("e");

    EXPECT_EQ(simulation.take_trace("log"), "log true; log false true");
}

}  // namespace
}  // namespace fermata::scxml
