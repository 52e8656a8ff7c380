#include "scxml/event_name.h"

#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

struct Case {
    const char* name;
    const char* descriptor;
    const char* event;
    bool matches;
};

class EventNameTest : public ::testing::TestWithParam<Case> {};

TEST_P(EventNameTest, DescriptorMatchesByWholeTokens) {
    const Case& given = GetParam();

    EXPECT_EQ(descriptor_matches(normalised_descriptor(given.descriptor), given.event),
              given.matches);
}

// The selection of a chart finds descriptors by look-up; both ways must agree.
TEST_P(EventNameTest, TransitionIsTakenForTheSameNames) {
    const Case& given = GetParam();
    testing::Simulation simulation;
    simulation.start(testing::document("<state id='a'><transition event='" +
                                           std::string(given.descriptor) +
                                           "' target='b'/></state><state id='b'/>",
                                       "null"));

    simulation.send(given.event);

    EXPECT_EQ(simulation.active(), given.matches ? "b" : "a");
}

INSTANTIATE_TEST_SUITE_P(
    Descriptors, EventNameTest,
    ::testing::Values(Case{"Same", "error", "error", true},
                      Case{"FirstToken", "error", "error.send", true},
                      Case{"TwoTokens", "error.send", "error.send.failed", true},
                      Case{"StarIsOptional", "error.*", "error", true},
                      Case{"StarMatchesMore", "error.*", "error.send", true},
                      Case{"DotIsOptional", "error.", "error.send", true},
                      Case{"PartOfAToken", "error", "errors", false},
                      Case{"PartOfALaterToken", "error.s", "error.send", false},
                      Case{"Longer", "error.send", "error", false},
                      Case{"CaseCounts", "Error", "error", false},
                      Case{"Any", "*", "whatever.it.is", true}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(EventDescriptorsTest, OneOfSeveralIsEnough) {
    testing::Simulation simulation;
    simulation.start(
        testing::document("<state id='a'><transition event='x  y.z\n w' target='b'/>"
                          "</state><state id='b'/>",
                          "null"));

    simulation.send("y");
    EXPECT_EQ(simulation.active(), "a");
    simulation.send("y.z.1");
    EXPECT_EQ(simulation.active(), "b");
}

}  // namespace
}  // namespace fermata::scxml
