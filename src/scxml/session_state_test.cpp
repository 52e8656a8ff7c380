#include "scxml/session_state.h"

#include <gtest/gtest.h>

#include "scxml/testing.h"

namespace fermata::scxml {
namespace {

using testing::document;
using testing::Simulation;

std::string encoded(const SessionState& state, const Chart& chart) {
    value::Writer writer;
    encode(state, chart, writer);
    return writer.take();
}

Result<SessionState> decoded(const Chart& chart, std::string_view bytes) {
    value::Reader reader(bytes);
    return decode(chart, reader);
}

TEST(StateSetTest, KeepsMembersAcrossCopyAndMove) {
    for (const StateIndex states : {1U, 64U, 65U, 1000U}) {
        StateSet set(states);
        set.insert(states - 1);
        StateSet copy = set;
        const StateSet moved = std::move(set);

        EXPECT_TRUE(moved.contains(states - 1));
        EXPECT_EQ(copy, moved);
        copy.erase(states - 1);
        EXPECT_TRUE(copy.empty());
        copy = moved;
        EXPECT_EQ(copy, moved);
        copy.clear();
        EXPECT_FALSE(copy == moved);
    }
}

TEST(SessionStateTest, IsSmall) {
    EXPECT_LE(sizeof(SessionState), 32U);
}

constexpr const char* kChart = R"xml(<parallel id="p">
    <state id="a"><history id="h"><transition target="a1"/></history><state id="a1"><transition event="leave" target="x"/></state>
    <state id="a2"/></state>
    <state id="b"><invoke id="child"><content><scxml version="1.0" datamodel="null"
    xmlns="http://www.w3.org/2005/07/scxml"><state/></scxml></content></invoke></state></parallel>
    <state id="x"/>)xml";

TEST(SessionStateTest, IsReadBackAsItWas) {
    Simulation simulation;
    simulation.start(document(kChart, "null"));
    const Chart& chart = *simulation.session().chart;

    for (const char* next : {"nothing", "leave"}) {
        simulation.send(next);
        const SessionState& state = simulation.session().state;
        const std::string bytes = encoded(state, chart);
        const Result<SessionState> read = decoded(chart, bytes);

        ASSERT_TRUE(read) << read.error().to_string();
        EXPECT_EQ(read->configuration, state.configuration);
        EXPECT_EQ(read->running, state.running);
        EXPECT_EQ(read->rare->invokes, state.rare->invokes);
        EXPECT_EQ(read->rare->histories, state.rare->histories);
        EXPECT_EQ(encoded(*read, chart), bytes);
    }
}

TEST(SessionStateTest, SmallSessionTakesFewBytes) {
    Simulation simulation;
    simulation.start(document("<state id='a'/><state id='b'/>", "null"));

    EXPECT_EQ(encoded(simulation.session().state, *simulation.session().chart).size(), 3U);
}

TEST(SessionStateTest, EveryDamagedByteIsRefusedOrGivesALegalState) {
    Simulation simulation;
    simulation.start(document(kChart, "null"));
    const Chart& chart = *simulation.session().chart;
    const std::string bytes = encoded(simulation.session().state, chart);

    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (unsigned change = 1; change < 256; change *= 2) {
            std::string damaged = bytes;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ change);
            const Result<SessionState> read = decoded(chart, damaged);
            EXPECT_TRUE(!read || decoded(chart, encoded(*read, chart)));
        }
    }
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decoded(chart, bytes.substr(0, size))) << size;
    }
}

TEST(SessionStateTest, ConfigurationOfAnotherChartIsRefused) {
    Simulation wide;
    wide.start(document(kChart, "null"));
    Simulation narrow;
    narrow.start(document("<state id='a'/>", "null"));

    const Result<SessionState> read =
        decoded(*narrow.session().chart, encoded(wide.session().state, *wide.session().chart));

    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kCorrupt);
}

TEST(SessionStateTest, TwoActiveChildrenOfOneStateAreRefused) {
    Simulation simulation;
    simulation.start(document("<state id='a'/><state id='b'/>", "null"));

    // running; two atomic states: 1 and 1 + 1
    EXPECT_FALSE(decoded(*simulation.session().chart, std::string("\x01\x02\x01\x01", 4)));
    EXPECT_TRUE(decoded(*simulation.session().chart, std::string("\x01\x01\x02", 3)));
}

}  // namespace
}  // namespace fermata::scxml
