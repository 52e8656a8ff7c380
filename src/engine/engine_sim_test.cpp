// Simulation: the engine is dropped at every commit boundary of a small world, in three ways, and
// opened again on what the store has. Whatever was acknowledged must be there, and nothing may have
// happened twice.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/random.h"
#include "engine/engine_fixture.h"
#include "store/forwarding_store.h"

namespace fermata::engine {
namespace {

enum class Fault {
    kCrashBefore,  // the batch never reaches the medium, nor does anything later
    kCrashAfter,   // it does, but its answer is lost, as is everything later
    kError,        // it is refused once, and the engine goes on
    kLostAnswer,   // it is written, but answered with an error, and the engine goes on
};

// Passes everything on to a MemoryStore until the n-th commit.
class FaultyStore final : public store::ForwardingStore {
  public:
    FaultyStore(store::Store& inner, Fault fault, std::uint64_t at)
        : store::ForwardingStore(inner), fault_(fault), at_(at) {}

    [[nodiscard]] bool has_struck() const { return count_ >= at_; }

    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override {
        const std::uint64_t number = ++count_;
        const bool crashes = fault_ == Fault::kCrashBefore || fault_ == Fault::kCrashAfter;
        if (number < at_ || (!crashes && number > at_)) {
            inner().commit(std::move(batch), std::move(done));
        } else if (number == at_ && fault_ == Fault::kCrashAfter) {
            inner().commit(std::move(batch), [](const Result<store::CommitAnswer>&) {});
        } else if (number == at_ && fault_ == Fault::kLostAnswer) {
            inner().commit(std::move(batch), [](const Result<store::CommitAnswer>&) {});
            done(Error(ErrorCode::kTimeout, "the answer was lost"));
        } else if (!crashes) {
            done(Error(ErrorCode::kUnavailable, "the medium is not there"));
        }
    }
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override {
        if (fault_ <= Fault::kCrashAfter && has_struck()) {
            return;
        }
        inner().append_inbox(std::move(append), std::move(done));
    }

  private:
    const Fault fault_;
    const std::uint64_t at_;
    std::atomic<std::uint64_t> count_ = 0;
};

// A sink in another partition counts what it is told; the worker invokes a child, waits for it and
// a timer, and tells the sink once each.
constexpr const char* kSink = R"(
  <datamodel><data id="started" expr="0"/><data id="child" expr="0"/><data id="rang" expr="0"/></datamodel>
  <state id="count">
    <transition event="started"><assign location="started" expr="started + 1"/></transition>
    <transition event="child"><assign location="child" expr="child + 1"/></transition>
    <transition event="rang"><assign location="rang" expr="rang + 1"/></transition>
  </state>)";

std::string worker(const std::string& sink) {
    const std::string tell = R"( target="#_scxml_)" + sink + R"("/>)";
    return R"(
  <datamodel><data id="ups" expr="0"/></datamodel>
  <state id="work">
    <onentry><send event="started")" +
           tell + R"(<send event="ring" delay="5s"/></onentry>
    <state id="invoking">
      <invoke id="c"><content><scxml version="1.0" xmlns="http://www.w3.org/2005/07/scxml">
        <state id="s"><onentry><send target="#_parent" event="hello"/></onentry><transition target="f"/></state>
        <final id="f"/></scxml></content></invoke>
      <transition event="done.invoke.c" target="waiting"><send event="child")" +
           tell + R"(</transition>
    </state>
    <state id="waiting"><transition event="ring" target="over"><send event="rang")" +
           tell + R"(</transition></state>
    <state id="over"/>
    <transition event="up"><assign location="ups" expr="ups + 1"/></transition>
  </state>)";
}

struct Strike {
    Fault fault;
    std::uint64_t at;  // commit since the engine was opened
};

class EngineSimulation : public EngineFixture {
  protected:
    void reopen(store::Store& store) {
        engine_.reset();
        open(store);
    }
    // Retries, as a client with an idempotency key does.
    bool start_named(const std::string& name, const std::string& document) {
        StartRequest request;
        request.id = name;
        request.document = document;
        const auto outcome = start_within(request);
        return outcome && (*outcome || (*outcome).error().code() == ErrorCode::kConflict);
    }
    std::optional<Result<StartOutcome>> start_within(const StartRequest& request) {
        auto answer = std::make_shared<std::promise<Result<StartOutcome>>>();
        auto future = answer->get_future();
        engine_->start(request,
                       [answer](Result<StartOutcome> told) { answer->set_value(std::move(told)); });
        if (future.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
            return std::nullopt;
        }
        return future.get();
    }
    bool send_up(const std::string& key) {
        EventRequest request;
        request.session = "worker";
        request.event.name = "up";
        request.idempotency_key = key;
        auto answer = std::make_shared<std::promise<bool>>();
        auto future = answer->get_future();
        engine_->send(request, [answer](const Result<EventAnswer>& told) {
            answer->set_value(told.has_value());
        });
        return future.wait_for(std::chrono::milliseconds(100)) == std::future_status::ready &&
               future.get();
    }
    // True when the client got through; a crashed store never answers.
    bool play(int& progress) {
        if (progress == 0 && start_named("sink", chart(kSink, "datamodel='ecmascript'"))) {
            progress = 1;
        }
        if (progress == 1 &&
            start_named("worker", chart(worker(sink_id()), "datamodel='ecmascript'"))) {
            progress = 2;
        }
        while (progress >= 2 && progress < 5 && send_up("up-" + std::to_string(progress))) {
            ++progress;
        }
        return progress == 5;
    }
    static std::string sink_id() { return SessionId::from_name("sink", kPartitions).to_string(); }

    // Before the strike of each store the client plays as far as it gets; then a store without
    // faults lets it come to the end.
    void run_world(const std::vector<Strike>& strikes) {
        store_ = std::make_unique<store::MemoryStore>(store::MemoryOptions{kPartitions, {}});
        std::vector<std::unique_ptr<FaultyStore>> faulty;
        int progress = 0;
        for (const Strike& strike : strikes) {
            faulty.push_back(std::make_unique<FaultyStore>(*store_, strike.fault, strike.at));
            reopen(*faulty.back());
            play(progress);
            clock_.advance(std::chrono::seconds(6));
            // What the fault lets happen does happen, and nothing tells when that is over.
            std::this_thread::sleep_for(std::chrono::milliseconds(70));  // pause: see above
        }

        reopen(*store_);
        for (int tries = 0; tries < 50 && !play(progress); ++tries) {
            clock_.advance(std::chrono::milliseconds(250));
        }
        ASSERT_EQ(progress, 5);
        ASSERT_TRUE(enters_while_time_goes("worker", "over"));
        ASSERT_TRUE(becomes("sink", [this](const SessionView& view) {
            clock_.advance(std::chrono::milliseconds(50));  // retries wait for it
            return data(view, "rang") != "0";
        }));
        const auto sink = query("sink");
        EXPECT_EQ(data(*sink, "started"), "1");
        EXPECT_EQ(data(*sink, "child"), "1");
        EXPECT_EQ(data(*sink, "rang"), "1");
        EXPECT_EQ(data(*query("worker"), "ups"), "3");
        EXPECT_EQ(engine_->counters().timers_pending, 0U);
        engine_.reset();
    }
    ::testing::AssertionResult enters_while_time_goes(const std::string& session,
                                                      const std::string& state) {
        return becomes(session, [&](const SessionView& view) {
            clock_.advance(std::chrono::milliseconds(50));
            return is_in(view, state);
        });
    }
};

TEST_F(EngineSimulation, ACrashBeforeAnyCommitLosesNothingAcknowledged) {
    for (std::uint64_t at = 1; at <= 14; ++at) {
        SCOPED_TRACE("commit " + std::to_string(at));
        run_world({{Fault::kCrashBefore, at}});
    }
}

TEST_F(EngineSimulation, ACrashAfterAnyCommitMakesNothingHappenTwice) {
    for (std::uint64_t at = 1; at <= 14; ++at) {
        SCOPED_TRACE("commit " + std::to_string(at));
        run_world({{Fault::kCrashAfter, at}});
    }
}

TEST_F(EngineSimulation, ARefusedCommitMakesThePartitionStartOver) {
    for (std::uint64_t at = 1; at <= 14; ++at) {
        SCOPED_TRACE("commit " + std::to_string(at));
        run_world({{Fault::kError, at}});
    }
}

TEST_F(EngineSimulation, ACommitWhoseAnswerIsLostMakesThePartitionStartOver) {
    for (std::uint64_t at = 1; at <= 14; ++at) {
        SCOPED_TRACE("commit " + std::to_string(at));
        run_world({{Fault::kLostAnswer, at}});
    }
}

std::uint64_t chosen_seed() {
    const char* const text = std::getenv("FERMATA_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : Random::from_entropy().next();
}

// Several faults in one life, each at a commit that chance chose: FERMATA_SEED repeats a run.
TEST_F(EngineSimulation, AnySequenceOfFaultsLosesAndDoublesNothing) {
    const std::uint64_t seed = chosen_seed();
    std::cout << "FERMATA_SEED=" << seed << "\n";
    Random random(seed);
    for (int life = 0; life < 12; ++life) {
        SCOPED_TRACE("FERMATA_SEED=" + std::to_string(seed) + ", life " + std::to_string(life));
        std::vector<Strike> strikes;
        for (std::uint64_t count = 1 + random.below(4); count > 0; --count) {
            strikes.push_back({static_cast<Fault>(random.below(4)), 1 + random.below(9)});
        }
        run_world(strikes);
        if (HasFatalFailure()) {
            return;
        }
    }
}

}  // namespace
}  // namespace fermata::engine
