// What the engine hands to the store, and that nothing is shown before the store has it.
#include <condition_variable>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine_fixture.h"
#include "store/forwarding_store.h"

namespace fermata::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Remembers every session commit; holds answers back or refuses when told to.
class WatchedStore final : public store::ForwardingStore {
  public:
    using store::ForwardingStore::ForwardingStore;

    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override {
        std::unique_lock lock(mutex_);
        ++batches_;
        for (const store::SessionCommit& commit : batch.sessions) {
            commits_.push_back(commit);
        }
        if (refusal_) {
            const Error refusal = *refusal_;
            lock.unlock();
            done(refusal);
        } else if (holding_) {
            held_.push_back([this, batch = std::move(batch), done = std::move(done)]() mutable {
                inner().commit(std::move(batch), std::move(done));
            });
        } else {
            lock.unlock();
            inner().commit(std::move(batch), std::move(done));
        }
    }

    void refuse_with(Error error) {
        const std::scoped_lock lock(mutex_);
        refusal_ = std::move(error);
    }
    void hold() {
        const std::scoped_lock lock(mutex_);
        holding_ = true;
    }
    void let_go() {
        std::vector<std::function<void()>> held;
        {
            const std::scoped_lock lock(mutex_);
            holding_ = false;
            held.swap(held_);
        }
        for (auto& commit : held) {
            commit();
        }
    }
    [[nodiscard]] bool awaits_a_held_commit() const {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (std::chrono::steady_clock::now() < deadline) {
            {
                const std::scoped_lock lock(mutex_);
                if (!held_.empty()) {
                    return true;
                }
            }
            std::this_thread::yield();
        }
        return false;
    }
    [[nodiscard]] std::size_t batches() const {
        const std::scoped_lock lock(mutex_);
        return batches_;
    }
    // Of the last commit: "name" of fields written, "-name" of fields deleted.
    [[nodiscard]] std::vector<std::string> last_fields() const {
        const std::scoped_lock lock(mutex_);
        std::vector<std::string> names;
        for (const store::FieldWrite& field : commits_.back().fields) {
            names.push_back((field.value ? "" : "-") + field.name);
        }
        std::sort(names.begin(), names.end());
        return names;
    }

  private:
    mutable std::mutex mutex_;
    // All below guarded by mutex_.
    std::vector<store::SessionCommit> commits_;
    std::vector<std::function<void()>> held_;
    std::optional<Error> refusal_;
    std::size_t batches_ = 0;
    bool holding_ = false;
};

class EngineCommitTest : public EngineFixture {
  protected:
    void open_watched() { open(watched_); }

    WatchedStore watched_{*store_};
};

TEST_F(EngineCommitTest, ACommitWritesOnlyTheFieldsThatChanged) {
    open_watched();
    const std::string id = start(chart(R"(
      <datamodel><data id="a" expr="1"/><data id="b" expr="[1]"/><data id="c" expr="'x'"/></datamodel>
      <state id="s">
        <transition event="b"><assign location="b[0]" expr="b[0] + 1"/></transition>
        <transition event="nothing"/>
        <transition event="same"><assign location="a" expr="1"/></transition>
        <transition event="move" target="t"/>
        <transition event="new"><script>extra = 5</script></transition>
        <transition event="share"><assign location="c" expr="b"/></transition>
      </state><state id="t"/>)",
                                       "datamodel='ecmascript'"));
    EXPECT_THAT(watched_.last_fields(), ElementsAre("d.a", "d.b", "d.c", "meta", "state"));

    ASSERT_TRUE(send(id, "b"));
    EXPECT_THAT(watched_.last_fields(), ElementsAre("d.b"));
    ASSERT_TRUE(send(id, "nothing"));
    EXPECT_THAT(watched_.last_fields(), IsEmpty());
    ASSERT_TRUE(send(id, "same"));
    EXPECT_THAT(watched_.last_fields(), IsEmpty());
    ASSERT_TRUE(send(id, "new"));
    EXPECT_THAT(watched_.last_fields(), ElementsAre("d.extra"));
    ASSERT_TRUE(send(id, "share"));
    EXPECT_THAT(watched_.last_fields(), ElementsAre("-d.a", "-d.b", "-d.c", "-d.extra", "d.*"));
    ASSERT_TRUE(send(id, "move"));
    EXPECT_THAT(watched_.last_fields(), ElementsAre("state"));

    engine_.reset();
    open_watched();
    ASSERT_TRUE(send(id, "nothing"));
    EXPECT_THAT(watched_.last_fields(), IsEmpty()) << "the restored session knows what is stored";
    EXPECT_EQ(data(*query(id), "extra"), "5");
}

TEST_F(EngineCommitTest, NothingIsShownBeforeItsCommitIsDurable) {
    open_watched();
    const std::string other =
        start(chart("<state id='s'><transition event='told' target='t'/></state><state id='t'/>"));
    const std::string id = start(chart(R"(<state id="s"><transition event="go" target="t">
        <log expr="'x'"/>
        <send event="told" target="#_scxml_)" +
                                           other + R"("/>
        <send event="hi" type="http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor" target="http://there.test/"/>
      </transition></state><state id="t"/>)",
                                       "datamodel='ecmascript'"));
    std::atomic<int> moments = 0;
    SubscribeRequest everything;
    everything.sink = [&](const LiveMoment& /*moment*/, bool /*gap*/) { ++moments; };
    const auto subscription = engine_->subscribe(std::move(everything));
    std::atomic<bool> answered = false;
    watched_.hold();

    EventRequest request;
    request.session = id;
    request.event.name = "go";
    engine_->send(request,
                  [&](const Result<EventAnswer>& answer) { answered = answer.has_value(); });
    std::promise<Result<SessionView>> view;
    ASSERT_TRUE(watched_.awaits_a_held_commit());
    engine_->query(id, [&](Result<SessionView> answer) { view.set_value(std::move(answer)); });
    auto shown = view.get_future();

    EXPECT_EQ(shown.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
    EXPECT_FALSE(answered);
    EXPECT_EQ(moments, 0);
    EXPECT_THAT(outside_.sends(), IsEmpty());
    EXPECT_TRUE(is_in(*query(other), "s"));

    watched_.let_go();

    EXPECT_TRUE(is_in(*shown.get(), "t"));
    EXPECT_TRUE(answered);
    EXPECT_TRUE(enters(other, "t"));
    EXPECT_GT(moments, 0);
    EXPECT_TRUE(becomes(id, [&](const SessionView&) { return outside_.sends().size() == 1; }));
}

TEST_F(EngineCommitTest, LiveMomentsComeInTheOrderInWhichTheyHappened) {
    open_watched();
    std::mutex mutex;
    std::vector<std::string> seen;
    std::uint64_t last_id = 0;
    bool ordered = true;
    SubscribeRequest everything;
    everything.sink = [&](const LiveMoment& moment, bool /*gap*/) {
        const std::scoped_lock lock(mutex);
        ordered = ordered && moment.id > last_id;
        last_id = moment.id;
        seen.push_back(std::string(to_string(moment.kind)) + " " + moment.name);
    };
    const auto subscription = engine_->subscribe(std::move(everything));

    const std::string id = start(chart(R"(<state id="a"><onexit><log label="bye"/></onexit>
      <transition event="go" target="f"/></state><final id="f"/>)"));
    ASSERT_TRUE(send(id, "go"));

    const std::scoped_lock lock(mutex);
    EXPECT_TRUE(ordered);
    EXPECT_THAT(
        seen, ElementsAre("session.started t", "transition $0 -> a", "state.entered a", "event go",
                          "state.exited a", "transition a -> f", "state.entered f",
                          "state.exited f", "log bye", "session.ended final"));
}

TEST_F(EngineCommitTest, APartitionThatBelongsToAnotherInstanceIsNotTouchedAgain) {
    open_watched();
    const std::string id = start(chart("<state id='s'/>"));
    watched_.refuse_with(Error(ErrorCode::kFenced, "epoch 2 is newer"));

    EXPECT_EQ(send(id, "x").error().code(), ErrorCode::kUnavailable);
    const std::size_t batches = watched_.batches();
    clock_.advance(std::chrono::seconds(10));

    EXPECT_EQ(send(id, "x").error().code(), ErrorCode::kFenced);
    EXPECT_EQ(watched_.batches(), batches);
    EXPECT_EQ(engine_->not_ready_reason(), "1 partitions belong to another instance");
}

class EngineJournalTest : public EngineFixture {
  protected:
    EngineJournalTest() {
        options_.journal.length = 3;
        store_ = std::make_unique<store::MemoryStore>(
            store::MemoryOptions{kPartitions, options_.journal});
    }
    Result<std::vector<JournalEntry>> journal(const std::string& session, std::size_t limit = 100) {
        return wait_for<std::vector<JournalEntry>>(
            [&](auto done) { engine_->journal(session, limit, std::move(done)); });
    }
    static std::vector<std::string> lines(const JournalEntry& entry) {
        std::vector<std::string> lines;
        for (const JournalStep& step : entry.steps) {
            lines.push_back(std::string(to_string(step.kind)) + " " + step.name +
                            (step.text.empty() ? "" : " = " + step.text));
        }
        return lines;
    }
};

TEST_F(EngineJournalTest, ShowsEveryMacrostepOfARunNewestRunFirst) {
    open();
    const std::string id = start(chart(R"(<state id="a"><transition event="go" target="b">
        <send event="more"/></transition></state>
      <state id="b"><transition event="more" target="c"><log label="l" expr="1 + 1"/></transition></state>
      <state id="c"/>)",
                                       "datamodel='ecmascript'"));
    ASSERT_TRUE(send(id, "go"));

    const auto entries = journal(id);

    ASSERT_TRUE(entries) << entries.error().to_string();
    ASSERT_EQ(entries->size(), 2U);
    EXPECT_EQ(entries->front().seq, 2U);
    EXPECT_EQ(entries->front().at_ms, clock_.now_ms());
    EXPECT_THAT(lines(entries->front()),
                ElementsAre("event go", "state.exited a", "transition a -> b", "state.entered b",
                            "event more", "state.exited b", "transition b -> c", "state.entered c",
                            "log l = 2"));
    EXPECT_THAT(lines(entries->back()),
                ElementsAre("session.started t", "transition $0 -> a", "state.entered a"));
}

TEST_F(EngineJournalTest, KeepsTheNewestRunsAlsoOfAnEndedSession) {
    open();
    const std::string id =
        start(chart("<state id='a'><transition event='end' target='f'/></state><final id='f'/>"));
    for (int at = 0; at < 4; ++at) {
        ASSERT_TRUE(send(id, "x"));
    }
    ASSERT_TRUE(send(id, "end"));

    const auto entries = journal(id);

    ASSERT_TRUE(entries) << entries.error().to_string();
    ASSERT_EQ(entries->size(), 3U);
    EXPECT_EQ(entries->front().seq, 6U);
    EXPECT_EQ(entries->back().seq, 4U);
    EXPECT_EQ(lines(entries->front()).back(), "session.ended final");
    EXPECT_EQ(journal(id, 1)->size(), 1U);
    EXPECT_EQ(journal("nobody").error().code(), ErrorCode::kNotFound);
}

TEST_F(EngineJournalTest, AnEntryIsBounded) {
    options_.session.pending_events_max = 2000;
    open();
    const std::string id = start(chart(R"(<state id="a"><transition event="go">
        <foreach array="new Array(1500).fill('ü'.repeat(600)) " item="x"><log expr="x"/></foreach>
      </transition></state>)",
                                       "datamodel='ecmascript'"));
    ASSERT_TRUE(send(id, "go"));

    const auto entries = journal(id, 1);

    ASSERT_TRUE(entries) << entries.error().to_string();
    const JournalEntry& entry = entries->front();
    EXPECT_EQ(entry.steps.size(), 1000U);
    EXPECT_EQ(entry.left_out, 502U) << "of 1,500 lines, the event and the transition";
    EXPECT_EQ(entry.steps.back().text.size(), 1000U);
}

TEST_F(EngineCommitTest, WithoutAJournalThereIsNothingToRead) {
    open_watched();
    const std::string id = start(chart("<state id='s'/>"));

    const auto entries = wait_for<std::vector<JournalEntry>>(
        [&](auto done) { engine_->journal(id, 100, std::move(done)); });

    ASSERT_TRUE(entries) << entries.error().to_string();
    EXPECT_THAT(*entries, IsEmpty());
}

}  // namespace
}  // namespace fermata::engine
