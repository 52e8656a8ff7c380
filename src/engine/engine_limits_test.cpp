// Bounds of one session, and lives that go through the store: passivation, crashes on a real disk.
#include <filesystem>

#include <gtest/gtest.h>

#include "base/random.h"
#include "engine/engine_fixture.h"
#include "store/embedded_store.h"

namespace fermata::engine {
namespace {

constexpr const char* kEcmascript = "datamodel='ecmascript'";

class EngineLimitsTest : public EngineFixture {
  protected:
    static std::string counting_chart() {
        return chart(R"(
          <datamodel><data id="n" expr="0"/><data id="seen" expr="[]"/></datamodel>
          <state id="s" initial="even">
            <history id="h"><transition target="even"/></history>
            <state id="even"><transition event="up" target="odd"><assign location="n" expr="n + 1"/></transition></state>
            <state id="odd"><transition event="up" target="even">
              <script>seen.push(n); n = n + 1</script></transition></state>
            <transition event="aside" target="away"/>
            <transition event="later"><send event="up" delay="3600s" id="late"/></transition>
            <transition event="never"><cancel sendid="late"/></transition>
          </state>
          <state id="away"><transition event="aside" target="h"/></state>)",
                     kEcmascript);
    }
};

TEST_F(EngineLimitsTest, ASessionTakesABoundedNumberOfWaitingEvents) {
    options_.session.pending_events_max = 5;
    options_.session.macrosteps_per_run_max = 1;
    options_.shards = 1;
    open();
    const std::string id = start(chart(R"(<state id="s"><transition event="slow"><script>
        for (let i = 0; i != 30000000; ++i) {}</script></transition></state>)",
                                       kEcmascript));
    std::atomic<int> taken = 0;
    std::atomic<int> overloaded = 0;
    std::atomic<int> left = 21;
    const auto send_one = [&](const char* name) {
        EventRequest request;
        request.session = id;
        request.event.name = name;
        engine_->send(request, [&](const Result<EventAnswer>& answer) {
            taken += answer ? 1 : 0;
            overloaded += !answer && answer.error().code() == ErrorCode::kOverloaded &&
                          answer.error().message().starts_with("max-pending-events (5)");
            --left;
        });
    };
    send_one("slow");
    for (int at = 0; at < 20; ++at) {
        send_one("x");
    }

    ASSERT_TRUE(becomes(id, [&](const SessionView&) { return left == 0; }));
    EXPECT_EQ(taken + overloaded, 21);
    EXPECT_GE(taken, 5);
    EXPECT_GT(overloaded, 0);
}

TEST_F(EngineLimitsTest, ChildrenBeyondTheLimitAreErrorsOfTheChart) {
    options_.session.invokes_max = 1;
    open();
    outside_.add("http://docs.test/child", chart("<state id='s'/>"));
    const std::string id = start(chart(R"(<state id="p">
      <invoke id="one" src="http://docs.test/child"/><invoke id="two" src="http://docs.test/child"/>
      <transition event="error.execution" target="failed"/></state><state id="failed"/>)"));

    EXPECT_TRUE(enters(id, "failed"));
}

TEST_F(EngineLimitsTest, MoreEffectsThanAllowedAreErrorsOfTheChart) {
    options_.session.effects_per_run_max = 10;
    open();
    const std::string id = start(chart(R"(
      <datamodel><data id="last" expr="-1"/></datamodel>
      <state id="s"><transition event="flood"><foreach array="new Array(100000).fill(1) " item="x" index="i">
          <assign location="last" expr="i"/><send event="later" delay="3600s"/></foreach></transition>
        <transition event="error.execution" target="refused"/></state><state id="refused"/>)",
                                       kEcmascript));

    ASSERT_TRUE(send(id, "flood"));

    const auto view = query(id);
    EXPECT_TRUE(is_in(*view, "refused"));
    EXPECT_EQ(data(*view, "last"), "10");
    EXPECT_EQ(view->timers.size(), 10U);
}

TEST_F(EngineLimitsTest, ARunWithManyEffectsIsCutAndGoesOn) {
    options_.session.effects_per_run_max = 4;
    open();
    const std::string id = start(chart(R"(
      <datamodel><data id="n" expr="0"/></datamodel>
      <state id="s"><transition event="go" cond="n != 30"><assign location="n" expr="n + 1"/>
        <log expr="n"/><send event="go"/></transition></state>)",
                                       kEcmascript));

    ASSERT_TRUE(send(id, "go"));

    EXPECT_TRUE(becomes(id, [](const SessionView& view) { return data(view, "n") == "30"; }));
    EXPECT_GE(query(id)->summary.seq, 15U) << "two macrosteps a run";
}

// One session stays in memory, its twin in another engine is read from the store for every event.
TEST_F(EngineLimitsTest, PassivationChangesNothing) {
    options_.shards = 1;
    open();
    const std::string stays = start(counting_chart());
    std::unique_ptr<Engine> keeper = std::exchange(engine_, nullptr);
    store::MemoryStore other_store({kPartitions, {}});
    open(other_store);
    const std::string leaves = start(counting_chart());
    Random random(11);
    const char* const events[] = {"up", "aside", "later", "never"};
    for (int at = 0; at < 60; ++at) {
        const std::string event = events[random.below(4)];
        engine_.reset();
        open(other_store);
        ASSERT_TRUE(send(leaves, event));
        const auto there = query(leaves);
        EXPECT_EQ(engine_->counters().sessions_restored, 1U);
        std::swap(engine_, keeper);
        ASSERT_TRUE(send(stays, event));
        const auto here = query(stays);
        std::swap(engine_, keeper);
        ASSERT_TRUE(here && there);
        ASSERT_EQ(here->configuration, there->configuration) << at;
        ASSERT_EQ(data(*here, "n"), data(*there, "n")) << at;
        ASSERT_EQ(data(*here, "seen"), data(*there, "seen")) << at;
        ASSERT_EQ(here->timers.size(), there->timers.size()) << at;
        ASSERT_EQ(here->summary.seq, there->summary.seq) << at;
    }
    engine_.reset();  // before its store
}

// The folder is dropped without a stop, as a crash does, and opened again.
TEST_F(EngineLimitsTest, AnEmbeddedStoreHasWhatWasAcknowledgedBeforeACrash) {
    const auto folder = std::filesystem::temp_directory_path() /
                        ("fermata-engine-" + std::to_string(Random::from_entropy().next()));
    store::EmbeddedOptions store_options;
    store_options.folder = folder.string();
    store_options.partition_count = kPartitions;
    std::string id;
    for (int life = 0; life < 3; ++life) {
        auto embedded = store::EmbeddedStore::open(store_options);
        ASSERT_TRUE(embedded) << embedded.error().to_string();
        open(**embedded);
        if (life == 0) {
            id = start(counting_chart());
            ASSERT_TRUE(send(id, "later"));
        }
        ASSERT_TRUE(send(id, "up"));
        EXPECT_EQ(data(*query(id), "n"), std::to_string(life + 1));
        EXPECT_EQ(query(id)->timers.size(), 1U);
        EventRequest unheard;
        unheard.session = id;
        unheard.event.name = "nothing";
        engine_->send(unheard, [](const Result<EventAnswer>& /*answer*/) {});
        engine_->stop(std::chrono::milliseconds(0));
        engine_.reset();
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace fermata::engine
