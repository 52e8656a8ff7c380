// Parallel states and done events (SCXML 3.4, 3.7).
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

TEST(ParallelTest, BothRegionsReactToOneEvent) {
    Simulation simulation;
    simulation.start(document(R"xml(<parallel id="p1">
        <onentry><raise event="e"/></onentry><transition event="done.state.p1" target="early"/>
        <state id="s1"><state id="s11"><transition event="e" target="s12"/></state><final id="s12"/></state>
        <state id="s2"><state id="wrapper"><transition event="x" target="s23"/>
          <state id="s21"><transition event="e" target="s22"/></state><final id="s22"/></state>
          <state id="s23"/></state>
        </parallel><state id="early"/>)xml",
                              "null"));

    EXPECT_EQ(simulation.active(), "s12 s22");
}

TEST(ParallelTest, FinalOfANestedStateDoesNotEndTheParallel) {
    Simulation simulation;
    simulation.start(document(R"xml(<parallel id="p1">
        <onentry><raise event="e"/></onentry><transition event="done.state.p1" target="early"/>
        <state id="s1"><state id="s11"><transition event="e" target="s12"/></state><final id="s12"/></state>
        <state id="s2"><state id="wrapper"><transition event="x" target="s23"/>
          <state id="s21"><transition target="s22"/></state><final id="s22"/></state>
          <state id="s23"/></state>
        </parallel><state id="early"/>)xml",
                              "null"));

    EXPECT_EQ(simulation.active(), "s12 s22");
    EXPECT_EQ(simulation.take_trace("event"),
              "event e; event done.state.wrapper; event done.state.s1");
}

TEST(ParallelTest, IsNotDoneWhileOneRegionIsNot) {
    Simulation simulation;
    simulation.start(document(R"xml(<parallel id="p">
        <onentry><raise event="e4"/><raise event="e1"/></onentry>
        <transition event="done.state.p" target="over"/>
        <state id="r1"><state id="s11"><transition event="e4" target="s12"/></state>
          <state id="s12"><transition event="e1" target="f1"/></state><final id="f1"/></state>
        <state id="r2"><state id="s21"><transition event="e1" target="s22"/></state>
          <state id="s22"><transition event="e2" target="f2"/></state><final id="f2"/></state>
        </parallel><state id="over"/>)xml",
                              "null"));

    EXPECT_EQ(simulation.active(), "f1 s22");
    simulation.send("e2");
    EXPECT_EQ(simulation.active(), "over");
}

TEST(ParallelTest, DoneGoesUpThroughTwoLevels) {
    Simulation simulation;
    simulation.start(
        document(R"xml(<parallel id="p1"><transition event="done.state.p1" target="over"/>
        <parallel id="p2"><state id="s3"><final id="f3"/></state>
          <state id="s4"><state id="s41"><transition target="f4"/></state><final id="f4"/></state></parallel>
        <state id="s2"><final id="f2"/></state></parallel><state id="over"/>)xml",
                 "null"));

    EXPECT_EQ(simulation.active(), "over");
    EXPECT_EQ(simulation.take_trace("event"),
              "event done.state.s3; event done.state.s2; event done.state.s4; event done.state.p2; "
              "event done.state.p1");
}

TEST(ParallelTest, DoneGoesUpThroughThreeLevels) {
    Simulation simulation;
    simulation.start(
        document(R"xml(<parallel id="p1"><transition event="done.state.p1" target="over"/>
        <parallel id="p2"><state id="s3"><final id="f3"/></state>
          <parallel id="p3"><state id="s4"><state id="s41"><transition target="f4"/></state>
            <final id="f4"/></state></parallel></parallel>
        <state id="s2"><final id="f2"/></state></parallel><state id="over"/>)xml",
                 "null"));

    EXPECT_EQ(simulation.active(), "over");
}

TEST(ParallelTest, RegionsInFinalFromTheStartAreDoneAtOnce) {
    Simulation simulation;
    simulation.start(
        document(R"xml(<parallel id="p"><transition event="done.state.p" target="over"/>
        <state id="a"><final id="fa"/></state><state id="b"><final id="fb"/></state></parallel>
        <state id="over"/>)xml",
                 "null"));

    EXPECT_EQ(simulation.active(), "over");
    EXPECT_EQ(simulation.take_trace("event"),
              "event done.state.a; event done.state.b; event done.state.p");
}

TEST(ParallelTest, EntryIsInDocumentOrderAndExitInReverse) {
    Simulation simulation;
    simulation.start(document(R"xml(<parallel id="p"><transition event="e" target="x"/>
        <state id="a"><state id="a1"/></state><state id="b"/></parallel><state id="x"/>)xml",
                              "null"));
    EXPECT_EQ(simulation.take_trace("enter"), "enter p; enter a; enter a1; enter b");

    simulation.send("e");

    EXPECT_EQ(simulation.take_trace("exit"), "exit b; exit a1; exit a; exit p");
}

TEST(FinalTest, TopLevelFinalRunsEveryOnexitAndEndsTheSession) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="a"><transition event="e" target="f"/></state>
        <final id="f"><onexit><log label="bye"/></onexit>
        <donedata><param name="x" expr="7"/></donedata></final>)xml"));

    simulation.send("e");

    EXPECT_FALSE(simulation.is_running());
    ASSERT_EQ(simulation.ends().size(), 1U);
    EXPECT_EQ(simulation.ends()[0].reason, EndReason::kFinal);
    EXPECT_EQ(simulation.ends()[0].donedata.to_json(), R"({"x":7})");
    EXPECT_EQ(simulation.ends()[0].configuration, std::vector<std::string>{"f"});
    EXPECT_EQ(simulation.take_trace("log end"), "log bye undefined; end");
}

TEST(FinalTest, DonedataReachesTheDoneEvent) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="p"><transition event="done.state.p"
        cond="_event.data.x == 7 &amp;&amp; _event.type == 'platform'" target="right"/>
        <final id="f"><donedata><param name="x" expr="7"/></donedata></final></state>
        <state id="right"/>)xml"));

    EXPECT_EQ(simulation.active(), "right");
}

TEST(FinalTest, DonedataInErrorIsLeftOutAfterAnErrorEvent) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="p"><transition event="done.state.p" target="right"
        cond="_event.data.y == 2 &amp;&amp; !('x' in _event.data)"/>
        <final id="f"><donedata><param name="x" expr="no.where"/><param name="y" expr="2"/></donedata>
        </final></state><state id="right"/>)xml"));

    EXPECT_EQ(simulation.active(), "right");
    EXPECT_EQ(simulation.take_trace("event"), "event error.execution; event done.state.p");
}

TEST(FinalTest, CancelRunsEveryOnexit) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="p"><onexit><log label="p"/></onexit>
        <state id="a"><onexit><log label="a"/></onexit></state></state>)xml",
                              "null"));

    simulation.cancel();

    EXPECT_EQ(simulation.take_trace("log end"), "log a undefined; log p undefined; end");
    EXPECT_EQ(simulation.ends()[0].reason, EndReason::kCancelled);
    EXPECT_EQ(simulation.ends()[0].configuration, (std::vector<std::string>{"p", "a"}));
}

}  // namespace
}  // namespace fermata::scxml
