// <datamodel>, binding and values from outside (SCXML 5.2, 5.3, 6.4.3).
#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

TEST(DatamodelTest, InlineContentIsJsonOrTextOrXml) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='json'>{\"a\": 1}</data><data id='text'>\n a  b\n</data>"
                 "<data id='no_json'>{a: 1}</data><data id='none'/></datamodel><state/>"));

    EXPECT_EQ(simulation.data("json").to_json(), R"({"a":1})");
    EXPECT_EQ(simulation.data("text").to_text(), "a b");
    EXPECT_EQ(simulation.data("no_json").to_text(), "{a: 1}");
    EXPECT_TRUE(simulation.data("none").is_undefined());
}

TEST(DatamodelTest, SourceIsReadLikeInlineContent) {
    Simulation simulation;
    simulation.set_fetch([](const std::string& url) -> Result<std::string> {
        return url == "file:///charts/x.json" ? Result<std::string>("[1, 2]")
                                              : Error(ErrorCode::kNotFound, "no such resource");
    });
    simulation.start(
        document("<datamodel><data id='x' src='x.json'/><data id='y' src='y.json'/></datamodel>"
                 "<state id='a'><transition event='error.execution' target='b'/></state>"
                 "<state id='b'/>"));

    EXPECT_EQ(simulation.data("x").to_json(), "[1,2]");
    EXPECT_TRUE(simulation.data("y").is_undefined());
    EXPECT_EQ(simulation.active(), "b");
}

TEST(DatamodelTest, EarlyBindingSetsDataOfAllStatesAtOnce) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><transition cond='x == 3' target='b'/></state>"
                 "<state id='b'><datamodel><data id='x' expr='3'/></datamodel></state>"));

    EXPECT_EQ(simulation.active(), "b");
}

TEST(DatamodelTest, LateBindingSetsDataWhenItsStateIsFirstEntered) {
    Simulation simulation;
    simulation.start(document(
        "<state id='a'><transition event='go' cond='typeof x === \"undefined\"' "
        "target='b'/></state>"
        "<state id='b'><datamodel><data id='x' expr='3'/></datamodel><onentry><log expr='x'/>"
        "<assign location='x' expr='x + 1'/></onentry><transition event='go' target='a2'/></state>"
        "<state id='a2'><transition event='go' target='b'/></state>",
        "ecmascript", "binding='late'"));

    simulation.send("go");
    simulation.send("go");
    simulation.send("go");

    EXPECT_EQ(simulation.take_trace("log"), "log 3; log 4");
}

TEST(DatamodelTest, ScriptRunsAfterTheDataAndBeforeTheStates) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='x' expr='1'/></datamodel><script>x = x + 1;</script>"
                 "<state id='a'><onentry><log expr='x'/></onentry></state>"));

    EXPECT_EQ(simulation.take_trace("log"), "log 2");
}

TEST(DatamodelTest, ExpressionInErrorLeavesTheItemUndefined) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='x' expr='no.where'/></datamodel><state id='a'>"
                 "<transition event='error.execution' cond='x === undefined' target='b'/></state>"
                 "<state id='b'/>"));

    EXPECT_EQ(simulation.active(), "b");
}

TEST(DatamodelTest, ParametersReplaceTopLevelItemsOnly) {
    Simulation simulation;
    simulation.start(
        document("<datamodel><data id='x' expr='no.where'/></datamodel><state id='a'><datamodel>"
                 "<data id='inner' expr='1'/></datamodel></state>"),
        {{"x", value::Value::integer(9)},
         {"inner", value::Value::integer(9)},
         {"other", value::Value::integer(9)}});

    EXPECT_EQ(simulation.data("x").to_json(), "9");
    EXPECT_EQ(simulation.data("inner").to_json(), "1");
    EXPECT_TRUE(simulation.data("other").is_undefined());
    EXPECT_EQ(simulation.take_trace("event"), "");
}

TEST(SystemVariablesTest, AreThere) {
    Simulation simulation;
    simulation.start(
        document("<state id='a'><onentry><log expr=\"_sessionid + ' ' + _name + ' ' + "
                 "_ioprocessors['http://www.w3.org/TR/scxml/#SCXMLEventProcessor'].location\"/>"
                 "</onentry></state>",
                 "ecmascript", "name='order'"));

    EXPECT_EQ(simulation.take_trace("log"), "log main order #_scxml_main");
}

}  // namespace
}  // namespace fermata::scxml
