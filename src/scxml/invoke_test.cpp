// <invoke>, <finalize> and autoforward (SCXML 6.4, 6.5).
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

std::string child(std::string_view inside) {
    return "<content>" + document(inside) + "</content>";
}

const InvokeEffect* first_invoke(const Simulation& simulation) {
    for (const Effect& effect : simulation.effects()) {
        if (const auto* invoke = std::get_if<InvokeEffect>(&effect)) {
            return invoke;
        }
    }
    return nullptr;
}

TEST(InvokeTest, StartsAtTheEndOfTheMacrostepForStatesStillActive) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><invoke id='one'>" + child("<state/>") +
                 "</invoke><transition target='b'/></state><state id='b'><invoke id='two'>" +
                 child("<state/>") + "</invoke><onentry><raise event='e'/></onentry></state>"));

    EXPECT_EQ(simulation.take_trace("event invoke"), "event e; invoke two");
}

TEST(InvokeTest, OfNestedStatesStartInDocumentOrder) {
    Simulation simulation;
    simulation.start(document("<state id='p'><invoke id='outer'>" + child("<state/>") +
                              "</invoke><state id='a'><invoke id='inner1'>" + child("<state/>") +
                              "</invoke><invoke id='inner2'>" + child("<state/>") +
                              "</invoke></state></state>"));

    EXPECT_EQ(simulation.take_trace("invoke"), "invoke outer; invoke inner1; invoke inner2");
}

TEST(InvokeTest, LeavingTheStateCancelsIt) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><invoke id='c'>" + child("<state/>") +
                 "</invoke><transition event='e' target='b'/></state><state id='b'/>"));

    simulation.send("e");

    EXPECT_EQ(simulation.take_trace("invoke cancel-invoke"), "invoke c; cancel-invoke c");
}

TEST(InvokeTest, GeneratedIdNamesTheStateAndIsStored) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='id'/></datamodel><state id='a'><invoke idlocation='id'>" +
                 child("<state/>") + "</invoke></state>"));

    ASSERT_NE(first_invoke(simulation), nullptr);
    EXPECT_EQ(first_invoke(simulation)->invokeid.substr(0, 2), "a.");
    EXPECT_EQ(simulation.data("id").to_text(), first_invoke(simulation)->invokeid);
}

TEST(InvokeTest, ParametersOverrideDeclaredDataOnly) {
    Simulation simulation;
    simulation.start(document(
        "<datamodel><data id='x' expr='5'/></datamodel><state id='a'><invoke><param name='x' "
        "location='x'/>"
        "<param name='undeclared' expr='1'/>" +
        child("<datamodel><data id='x' expr='1'/></datamodel><final id='f'><donedata><content "
              "expr=\"x + ' ' + typeof undeclared\"/></donedata></final>") +
        "</invoke><transition event='done.invoke'><log expr='_event.data'/></transition></state>"));

    EXPECT_EQ(simulation.take_trace("log"), "log 5 undefined");
}

TEST(InvokeTest, SourceIsResolvedAgainstTheDocument) {
    Simulation simulation;
    simulation.start(document("<state id='a'><invoke srcexpr=\"'sub/child.scxml'\"/></state>"));

    ASSERT_NE(first_invoke(simulation), nullptr);
    EXPECT_EQ(first_invoke(simulation)->url, "file:///charts/sub/child.scxml");
}

TEST(InvokeTest, ContentMayBeAnExpression) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='text'>" + document("<final/>", "null") +
                 "</data></datamodel><state id='a'><invoke id='c'><content expr='text'/></invoke>"
                 "<transition event='done.invoke.c' target='b'/></state><state id='b'/>"));

    EXPECT_EQ(simulation.active(), "b");
}

TEST(InvokeTest, ErrorInAnArgumentMeansNoInvoke) {
    for (const char* arguments :
         {"typeexpr='no.where'", "srcexpr='no.where'", "namelist='nowhere'", "type='telephone'"}) {
        Simulation simulation;
        simulation.start(
            document("<state id='a'><invoke " + std::string(arguments) +
                     "/><transition event='error.execution' target='b'/></state><state id='b'/>"));

        EXPECT_EQ(simulation.active(), "b") << arguments;
        EXPECT_EQ(first_invoke(simulation), nullptr) << arguments;
    }
}

TEST(FinalizeTest, RunsBeforeTheTransitionForTheChildsEventsOnly) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='x' expr='0'/></datamodel><state id='a'><invoke id='c'>" +
                 child("<final id='f'><onentry><send target='#_parent' event='answer'><param "
                       "name='v' expr='7'/>"
                       "</send></onentry></final>") +
                 "<finalize><assign location='x' expr='_event.data.v'/></finalize></invoke>"
                 "<transition event='answer' cond='x == 7' target='b'/></state><state id='b'/>"));

    EXPECT_EQ(simulation.active(), "b");
}

TEST(FinalizeTest, EmptyOneUpdatesTheLocationsOfTheParameters) {
    Simulation simulation;
    simulation.start(document(
        "<datamodel><data id='x' expr='1'/><data id='y' expr='2'/></datamodel><state id='a'>"
        "<invoke><param name='x' location='x'/><param name='z' location='y'/>" +
        child(
            "<datamodel><data id='x'/><data id='z'/></datamodel><final id='f'><onentry>"
            "<send target='#_parent' event='answer'><param name='x' expr='10 * x'/><param name='z' "
            "expr='10 * z'/></send></onentry></final>") +
        "<finalize/></invoke><transition event='answer'><log expr='x + y'/></transition></state>"));

    EXPECT_EQ(simulation.take_trace("log"), "log 30");
}

TEST(InvokeTest, EventOfACancelledChildIsIgnoredButNotItsDoneEvent) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><invoke id='gone'>" + child("<state/>") +
                 "</invoke><transition event='leave' target='b'/></state>"
                 "<state id='b'><transition event='*' target='c'/></state><state id='c'/>"));
    simulation.send("leave");
    value::Event stray = testing::event("answer");
    stray.invokeid = "gone";

    simulation.send(stray);
    EXPECT_EQ(simulation.active(), "b");
    stray.name = "done.invoke.gone";
    simulation.send(stray);
    EXPECT_EQ(simulation.active(), "c");
}

TEST(AutoforwardTest, ChildGetsACopyOfEveryExternalEvent) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><invoke id='c' autoforward='true'>" +
                 child("<state id='s'><transition event='ping'><send target='#_parent' "
                       "event='pong'/></transition>"
                       "</state>") +
                 "</invoke><transition event='pong'><log label='got'/></transition></state>"));

    simulation.send("ping");

    EXPECT_EQ(simulation.take_trace("log forward"),
              "forward ping; forward pong; log got undefined");
}

TEST(InvokeTest, ChildIsReachedByItsInvokeid) {
    Simulation simulation;
    simulation.start(document(
        "<state id='a'><invoke id='c'>" +
        child("<state id='s'><transition event='ping' target='f'/></state><final id='f'/>") +
        "</invoke><transition event='go'><send target='#_c' event='ping'/></transition>"
        "<transition event='done.invoke.c' target='b'/></state><state id='b'/>"));

    simulation.send("go");

    EXPECT_EQ(simulation.active(), "b");
    EXPECT_EQ(simulation.session().state.rare->invokes.size(), 0U);
}

}  // namespace
}  // namespace fermata::scxml
