// EngineFixture: an engine on a MemoryStore and a ManualClock, with calls that wait for their
// answers. For tests.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "engine/engine.h"
#include "store/memory_store.h"

namespace fermata::engine {

// Answers fetches from a map, and records HTTP sends.
class FakeOutside final : public Outside {
  public:
    void fetch(FetchRequest request, std::function<void(Result<FetchAnswer>)> done) override {
        std::unique_lock lock(mutex_);
        const auto found = documents_.find(request.url);
        if (found == documents_.end()) {
            lock.unlock();
            done(Error(ErrorCode::kNotFound, "no " + request.url));
            return;
        }
        FetchAnswer answer;
        answer.bytes = found->second;
        answer.url = request.url;
        answer.fresh_ms = 60'000;
        lock.unlock();
        done(std::move(answer));
    }
    void send(HttpSend send, std::function<void(Result<void>)> done) override {
        Result<void> answer;
        {
            const std::lock_guard lock(mutex_);
            sends_.push_back(std::move(send));
            if (holds_sends_) {
                held_sends_.push_back(std::move(done));
                return;
            }
            answer = answer_;
        }
        done(answer);
    }
    [[nodiscard]] std::string basic_http_location(const std::string& session_id) const override {
        return "http://here.test/" + session_id;
    }

    void add(const std::string& url, std::string text) {
        const std::lock_guard lock(mutex_);
        documents_[url] = std::move(text);
    }
    void answer_sends_with(Result<void> answer) {
        const std::lock_guard lock(mutex_);
        answer_ = std::move(answer);
    }
    // Sends are taken and not answered.
    void hold_sends() {
        const std::lock_guard lock(mutex_);
        holds_sends_ = true;
    }
    [[nodiscard]] std::vector<HttpSend> sends() const {
        const std::lock_guard lock(mutex_);
        return sends_;
    }

  private:
    mutable std::mutex mutex_;
    std::map<std::string, std::string> documents_;
    std::vector<HttpSend> sends_;
    Result<void> answer_;
    bool holds_sends_ = false;
    std::vector<std::function<void(Result<void>)>> held_sends_;
};

// The answer to a call, waited for. A call that is not answered at all fails the test.
template <typename T>
Result<T> wait_for(const std::function<void(Answer<T>)>& call) {
    auto promise = std::make_shared<std::promise<Result<T>>>();
    auto future = promise->get_future();
    call([promise](Result<T> answer) { promise->set_value(std::move(answer)); });
    if (future.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
        return Error(ErrorCode::kInternal, "no answer");
    }
    return future.get();
}

class EngineFixture : public ::testing::Test {
  protected:
    static constexpr Partition kPartitions = 8;

    EngineFixture() {
        options_.shards = 2;
        options_.seed = 7;
    }

    void open() { open(*store_); }
    void open(store::Store& store) {
        auto engine = Engine::create(options_, store, outside_, clock_);
        ASSERT_TRUE(engine) << engine.error().to_string();
        engine_ = *std::move(engine);
    }

    // <scxml> around `body`.
    static std::string chart(const std::string& body, const std::string& attributes = {}) {
        return R"(<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" name="t" )" +
               attributes + ">" + body + "</scxml>";
    }

    Result<StartOutcome> try_start(StartRequest request) {
        return wait_for<StartOutcome>(
            [&](auto done) { engine_->start(std::move(request), std::move(done)); });
    }
    std::string start(const std::string& document) {
        StartRequest request;
        request.document = document;
        auto outcome = try_start(std::move(request));
        EXPECT_TRUE(outcome) << outcome.error().to_string();
        if (!outcome || !outcome->answer) {
            ADD_FAILURE() << "refused: "
                          << (outcome && !outcome->findings.empty() ? outcome->findings[0].message
                                                                    : "");
            return {};
        }
        return outcome->answer->session.to_string();
    }
    Result<EventAnswer> send(const std::string& session, const std::string& name,
                             value::Value data = {}, const std::string& key = {}) {
        EventRequest request;
        request.session = session;
        request.event.name = name;
        request.event.data = std::move(data);
        request.idempotency_key = key;
        return wait_for<EventAnswer>(
            [&](auto done) { engine_->send(std::move(request), std::move(done)); });
    }
    Result<SessionView> query(const std::string& session) {
        return wait_for<SessionView>([&](auto done) { engine_->query(session, std::move(done)); });
    }
    Result<EventAnswer> terminate(const std::string& session) {
        return wait_for<EventAnswer>(
            [&](auto done) { engine_->terminate(session, {}, std::move(done)); });
    }
    // Text of a data item; "?" when there is none.
    static std::string data(const SessionView& view, const std::string& name) {
        for (const auto& [item, value] : view.data) {
            if (item == name) {
                return value.to_text();
            }
        }
        return "?";
    }
    // Atomic states only would need the chart; tests look for one id.
    static bool is_in(const SessionView& view, const std::string& state) {
        return std::find(view.configuration.begin(), view.configuration.end(), state) !=
               view.configuration.end();
    }
    // Polls until the session's view fits, or the deadline.
    ::testing::AssertionResult becomes(const std::string& session,
                                       const std::function<bool(const SessionView&)>& fits) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        std::string last;
        while (std::chrono::steady_clock::now() < deadline) {
            const auto view = query(session);
            if (view && fits(*view)) {
                return ::testing::AssertionSuccess();
            }
            last = view ? std::string(to_string(view->summary.status)) : view.error().to_string();
            if (view) {
                for (const std::string& state : view->configuration) {
                    last += " " + state;
                }
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return ::testing::AssertionFailure() << "the session never did; last: " << last;
    }
    ::testing::AssertionResult enters(const std::string& session, const std::string& state) {
        return becomes(session, [&](const SessionView& view) { return is_in(view, state); });
    }

    Options options_;
    ManualClock clock_;
    FakeOutside outside_;
    std::unique_ptr<store::MemoryStore> store_ =
        std::make_unique<store::MemoryStore>(store::MemoryOptions{kPartitions, {}});
    std::unique_ptr<Engine> engine_;
};

}  // namespace fermata::engine
