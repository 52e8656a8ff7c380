// ScriptedOutside: an Outside for tests that serves texts by URL, counts, and can hold its answers
// back.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/outside.h"

namespace fermata::engine {

// Threads: every method from any thread. Answers come from within fetch() or release().
class ScriptedOutside final : public Outside {
  public:
    void serve(const std::string& url, std::string bytes, std::string etag, std::int64_t fresh_ms) {
        FetchAnswer answer;
        answer.bytes = std::move(bytes);
        answer.url = url;
        answer.etag = std::move(etag);
        answer.fresh_ms = fresh_ms;
        serve(url, std::move(answer));
    }
    void serve(const std::string& url, FetchAnswer answer) {
        const std::scoped_lock lock(mutex_);
        answers_.insert_or_assign(url, std::move(answer));
    }
    void fail(const std::string& url, Error error) {
        const std::scoped_lock lock(mutex_);
        answers_.insert_or_assign(url, std::move(error));
    }
    void hold() {
        const std::scoped_lock lock(mutex_);
        holding_ = true;
    }
    // Gives all answers held back; answers to requests made meanwhile come at once.
    void release() {
        std::vector<std::function<void()>> held;
        {
            const std::scoped_lock lock(mutex_);
            holding_ = false;
            held.swap(held_);
        }
        for (const auto& answer : held) {
            answer();
        }
    }
    [[nodiscard]] std::size_t requests() const {
        const std::scoped_lock lock(mutex_);
        return requests_.size();
    }
    [[nodiscard]] FetchRequest last_request() const {
        const std::scoped_lock lock(mutex_);
        return requests_.back();
    }

    void fetch(FetchRequest request, std::function<void(Result<FetchAnswer>)> done) override {
        std::unique_lock lock(mutex_);
        requests_.push_back(request);
        const auto found = answers_.find(request.url);
        Result<FetchAnswer> answer = found == answers_.end()
                                         ? Error(ErrorCode::kNotFound, request.url + ": 404")
                                         : found->second;
        if (answer && !answer->etag.empty() && answer->etag == request.etag) {
            answer->not_modified = true;
            answer->bytes.clear();
        }
        if (holding_) {
            held_.push_back([answer = std::move(answer), done = std::move(done)] { done(answer); });
            return;
        }
        lock.unlock();
        done(std::move(answer));
    }
    void send(HttpSend /*send*/, std::function<void(Result<void>)> done) override {
        done(Error(ErrorCode::kForbidden, "this outside delivers nothing"));
    }
    [[nodiscard]] std::string basic_http_location(
        const std::string& /*session_id*/) const override {
        return {};
    }

  private:
    mutable std::mutex mutex_;
    // All below guarded by mutex_.
    std::map<std::string, Result<FetchAnswer>> answers_;
    std::vector<FetchRequest> requests_;
    std::vector<std::function<void()>> held_;
    bool holding_ = false;
};

}  // namespace fermata::engine
