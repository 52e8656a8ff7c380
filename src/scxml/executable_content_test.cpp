// Executable content (SCXML 4): <raise>, <if>, <foreach>, <log>, <assign>, <script>, and where an
// error ends it.
#include <gtest/gtest.h>

#include "scxml/delay.h"
#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

// Runs `content` as the onentry of the only state and gives what it logged.
std::string logged(const std::string& content, const std::string& data = "") {
    Simulation simulation;
    simulation.start(
        document("<datamodel>" + data + "</datamodel><state id='a'><onentry>" + content +
                 "</onentry><transition event='error.*'><log label='error'/></transition>"
                 "</state>"));
    return simulation.take_trace("log");
}

TEST(IfTest, FirstPartitionWhoseConditionHoldsRuns) {
    const auto branch = [](const std::string& first, const std::string& second) {
        return logged("<if cond='" + first + "'><log expr='1'/><elseif cond='" + second +
                      "'/><log expr='2'/><else/><log expr='3'/></if><log expr='4'/>");
    };

    EXPECT_EQ(branch("true", "true"), "log 1; log 4");
    EXPECT_EQ(branch("false", "true"), "log 2; log 4");
    EXPECT_EQ(branch("false", "false"), "log 3; log 4");
}

TEST(IfTest, WithoutElseNothingRuns) {
    EXPECT_EQ(logged("<if cond='false'><log expr='1'/></if><log expr='2'/>"), "log 2");
    EXPECT_EQ(logged("<if cond='true'></if><log expr='2'/>"), "log 2");
}

TEST(IfTest, NestsInEveryPartition) {
    EXPECT_EQ(logged("<if cond='false'><log expr='1'/><else/><if cond='true'><log expr='2'/></if>"
                     "<log expr='3'/></if>"),
              "log 2; log 3");
}

TEST(IfTest, ConditionInErrorIsFalseAndTold) {
    EXPECT_EQ(logged("<if cond='no.where'><log expr='1'/><else/><log expr='2'/></if>"),
              "log 2; log error undefined");
}

TEST(ForeachTest, WalksItemsAndIndexes) {
    EXPECT_EQ(
        logged("<foreach array='[5,6]' item='x' index='i'><log expr=\"i + ':' + x\"/></foreach>"),
        "log 0:5; log 1:6");
}

TEST(ForeachTest, Nests) {
    EXPECT_EQ(logged("<foreach array='[1,2]' item='x'><foreach array='[3,4]' item='y'>"
                     "<log expr='x * y'/></foreach></foreach>"),
              "log 3; log 4; log 6; log 8");
}

TEST(ForeachTest, EmptyArrayRunsNothing) {
    EXPECT_EQ(logged("<foreach array='[]' item='x'><log expr='x'/></foreach><log expr='9'/>"),
              "log 9");
}

TEST(ForeachTest, ErrorInsideEndsTheLoopAndItsBlock) {
    EXPECT_EQ(
        logged(
            "<foreach array='[1,2]' item='x'><log expr='x'/><assign location='no.where' expr='1'/>"
            "</foreach><log expr='9'/>"),
        "log 1; log error undefined");
}

TEST(ForeachTest, WhatIsNoArrayIsAnError) {
    EXPECT_EQ(logged("<foreach array='7' item='x'><log expr='x'/></foreach><log expr='9'/>"),
              "log error undefined");
}

TEST(BlockTest, ErrorEndsItsBlockAndNoOther) {
    Simulation simulation;
    simulation.start(document(R"xml(<state id="a">
        <onentry><log expr="1"/><script>throw new Error('x')</script><log expr="2"/></onentry>
        <onentry><log expr="3"/></onentry></state>)xml"));

    EXPECT_EQ(simulation.take_trace("log"), "log 1; log 3");
}

TEST(ErrorEventTest, SaysWhatAndWhere) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'>\n<onentry>\n  <assign location='x' expr='nope.nope'/>"
                 "</onentry><transition event='error.execution'>"
                 "<log expr=\"_event.data.element + ' ' + _event.data.line + ' ' + "
                 "_event.data.document + ' ' + _event.type\"/></transition></state>"));

    EXPECT_EQ(simulation.take_trace("log"), "log assign 3 file:///charts/test.scxml platform");
}

TEST(RaiseTest, EventsComeInTheirOrder) {
    Simulation simulation;
    simulation.start(document(
        "<state id='a'><onentry><raise event='one'/><raise event='two'/></onentry>"
        "<transition event='two' cond=\"_event.type == 'internal'\"><log expr=\"_event.name\"/>"
        "</transition></state>"));

    EXPECT_EQ(simulation.take_trace("event log"), "event one; event two; log two");
}

TEST(AssignTest, TakesInlineXmlJsonOrText) {
    const std::string data = "<data id='v'/>";

    EXPECT_EQ(logged("<assign location='v'>{\"a\": [1, 2]}</assign><log expr='v.a[1]'/>", data),
              "log 2");
    EXPECT_EQ(logged("<assign location='v'> some \n text </assign><log expr='v'/>", data),
              "log some text");
    EXPECT_EQ(logged("<assign location='v'><b xmlns='' k='7'/></assign>"
                     "<log expr=\"v.getElementsByTagName('b')[0].getAttribute('k')\"/>",
                     data),
              "log 7");
}

TEST(ExpressionTest, MayEndLikeAStatement) {
    EXPECT_EQ(logged("<log expr='1 + 1; '/>"), "log 2");
}

TEST(ScriptTest, ReadsAndWritesTheData) {
    EXPECT_EQ(
        logged(
            "<script>v = v + 1; function twice(x) { return 2 * x; }</script><log expr='twice(v)'/>",
            "<data id='v' expr='20'/>"),
        "log 42");
}

TEST(DelayTest, ReadsCss2Times) {
    EXPECT_EQ(parse_delay("1.5s"), 1500);
    EXPECT_EQ(parse_delay(".5s"), 500);
    EXPECT_EQ(parse_delay("200ms"), 200);
    EXPECT_EQ(parse_delay("0"), 0);
    EXPECT_EQ(parse_delay(" 3s "), 3000);
    EXPECT_EQ(parse_delay("0.29s"), 290);
    EXPECT_EQ(parse_delay("0s"), 0);
}

TEST(DelayTest, RefusesEverythingElse) {
    for (const char* text : {"", "s", "ms", "5", "-1s", "1 s", "1.s", "1m", "1e3s", "abc", "1.2.3s",
                             "NaNs", "infs", "99999999999999s"}) {
        EXPECT_FALSE(parse_delay(text)) << text;
    }
    EXPECT_TRUE(parse_delay(std::to_string(kDelayMsMax) + "ms"));
}

}  // namespace
}  // namespace fermata::scxml
