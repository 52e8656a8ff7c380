// <send> and <cancel> (SCXML 6.2, 6.3, C.1, C.2).
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

const SendEffect* first_send(const Simulation& simulation) {
    for (const Effect& effect : simulation.effects()) {
        if (const auto* send = std::get_if<SendEffect>(&effect)) {
            return send;
        }
    }
    return nullptr;
}

// One state that sends on entry and logs the first error it meets.
std::string sender(const std::string& send) {
    return document(
        "<datamodel><data id='v' expr=\"'value'\"/><data id='id'/></datamodel>"
        "<state id='a'><onentry>" +
        send +
        "<log label='after'/></onentry><transition event='error.*'><log expr=\"_event.name + ' ' + "
        "(_event.sendid || '-')\"/></transition></state>");
}

TEST(SendTest, ExpressionTwinsAreEvaluated) {
    Simulation simulation;
    simulation.start(sender(
        "<send eventexpr=\"'e.' + v\" targetexpr=\"'#_scxml_' + _sessionid\" "
        "typeexpr=\"'http://www.w3.org/TR/scxml/#SCXMLEventProcessor'\" delayexpr=\"'1.5s'\"/>"));

    const SendEffect* send = first_send(simulation);
    ASSERT_NE(send, nullptr);
    EXPECT_EQ(send->event.name, "e.value");
    EXPECT_EQ(send->target, "#_scxml_main");
    EXPECT_EQ(send->delay_ms, 1500);
    EXPECT_FALSE(send->sendid.empty());
    EXPECT_TRUE(send->event.sendid.empty());
}

TEST(SendTest, NamelistAndParamsBecomeOneObject) {
    Simulation simulation;
    simulation.start(
        sender("<send event='e' namelist='v'><param name='n' expr='1 + 1'/>"
               "<param name='w' location='v'/></send>"));

    ASSERT_NE(first_send(simulation), nullptr);
    EXPECT_EQ(first_send(simulation)->event.data.to_json(), R"({"v":"value","n":2,"w":"value"})");
}

TEST(SendTest, LastOfTwoValuesOfOneNameWins) {
    Simulation simulation;
    simulation.start(
        sender("<send event='e'><param name='n' expr='1'/><param name='n' expr='2'/></send>"));

    EXPECT_EQ(first_send(simulation)->event.data.to_json(), R"({"n":2})");
}

TEST(SendTest, ContentIsTheData) {
    Simulation simulation;
    simulation.start(sender("<send event='e'><content expr='[v]'/></send>"));

    EXPECT_EQ(first_send(simulation)->event.data.to_json(), R"(["value"])");
}

TEST(SendTest, IdLocationGetsTheIdThatTheErrorCarries) {
    Simulation simulation;
    simulation.start(sender("<send event='e' idlocation='id' target='nowhere'/>"));

    EXPECT_EQ(simulation.take_trace("log"),
              "log error.execution " + simulation.data("id").to_text());
}

struct ErrorCase {
    const char* name;
    const char* send;
    const char* expected;
};
class SendErrorTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(SendErrorTest, EndsTheBlockAndSendsNothing) {
    Simulation simulation;
    simulation.start(sender(GetParam().send));

    EXPECT_EQ(simulation.take_trace("log"), GetParam().expected);
    EXPECT_EQ(first_send(simulation), nullptr);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, SendErrorTest,
    ::testing::Values(
        ErrorCase{"UnknownType", "<send event='e' type='no-such' id='x'/>",
                  "log error.execution x"},
        ErrorCase{"IllegalTarget", "<send event='e' target='baz' id='x'/>",
                  "log error.execution x"},
        ErrorCase{"NoSuchSession", "<send event='e' target='#_scxml_no' id='x'/>",
                  "log error.communication x"},
        ErrorCase{"NoParent", "<send event='e' target='#_parent'/>", "log error.communication -"},
        ErrorCase{"BadExpression", "<send eventexpr='no.where' id='x'/>", "log error.execution x"},
        ErrorCase{
            "BadParam",
            "<send event='e'><param name='a' expr='no.where'/><param name='b' expr='no.b'/></send>",
            "log error.execution -"},
        ErrorCase{"BadDelay", "<send event='e' delayexpr=\"'soon'\"/>", "log error.execution -"},
        ErrorCase{"DelayedInternal",
                  "<send event='e' targetexpr=\"'#_internal'\" delayexpr=\"'1s'\"/>",
                  "log error.execution -"},
        ErrorCase{"HttpWithoutTarget",
                  "<send event='e' type='http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor'/>",
                  "log error.communication -"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(SendTest, InternalTargetGoesToTheInternalQueue) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><onentry><send event='e' target='#_internal'/></onentry>"
                 "<transition event='e'><log expr='_event.type'/></transition></state>"));

    EXPECT_EQ(simulation.take_trace("event log"), "event e; log internal");
    EXPECT_EQ(first_send(simulation), nullptr);
}

TEST(SendTest, HttpKeepsNamesAndValuesInOrderForTheForm) {
    Simulation simulation;
    simulation.start(
        sender("<send event='e' type='http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor' "
               "target='http://127.0.0.1/x' namelist='v'><param name='n' expr='{a: 1}'/></send>"));

    const SendEffect* send = first_send(simulation);
    ASSERT_NE(send, nullptr);
    EXPECT_EQ(send->processor, Processor::kBasicHttp);
    EXPECT_EQ(send->form, (std::vector<std::pair<std::string, std::string>>{{"v", "value"},
                                                                            {"n", "{\"a\":1}"}}));
}

TEST(SendTest, DelayedEventComesAfterItsTimeUnlessCancelled) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><onentry><send event='late' delay='2s'/>"
                 "<send event='never' id='n' delay='1s'/><cancel sendid='n'/></onentry></state>"));
    simulation.take_trace();

    simulation.run_for(1999);
    EXPECT_EQ(simulation.take_trace("event"), "");
    simulation.run_for(1);
    EXPECT_EQ(simulation.take_trace("event"), "event late");
}

TEST(CancelTest, IdMayBeAnExpression) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><onentry><cancel sendidexpr=\"'x' + 1\"/></onentry></state>"));

    EXPECT_EQ(simulation.take_trace("cancel"), "cancel x1");
}

}  // namespace
}  // namespace fermata::scxml
