#include "engine/live_hub.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace fermata::engine {

namespace {

// How long moments are built at the start of a process, for those whose stream broke when the last
// one ended: what happened in recovery reaches them.
constexpr std::chrono::milliseconds kStartWindow{10'000};

// What a kept moment holds beyond its texts.
constexpr std::size_t kMomentBytes = sizeof(LiveMoment) + 32;

std::size_t bytes_of(const LiveMoment& moment) {
    return kMomentBytes + moment.application.size() + moment.name.size() +
           moment.value.bytes().size();
}

struct Listener {
    std::optional<SessionId> session;
    LiveHub::Sink sink;
    // The next moment may not be the one behind what this listener saw last.
    bool gap = false;
};

}  // namespace

class LiveHub::State {
  public:
    State(const LiveHubOptions& options, const Clock& clock) : options_(options), clock_(clock) {
        if (options_.moments_max > 0) {
            record_until_ms_ =
                clock_.now_ms() + std::min(options_.resume_window, kStartWindow).count();
        }
    }

    [[nodiscard]] bool is_recording() const {
        if (listeners_count_.load(std::memory_order_relaxed) > 0) {
            return true;
        }
        const UnixMillis until = record_until_ms_.load(std::memory_order_relaxed);
        return until != 0 && clock_.now_ms() < until;
    }

    void publish(std::vector<LiveMoment> moments) {
        const std::scoped_lock lock(mutex_);
        forget_skipped();
        for (LiveMoment& moment : moments) {
            // Under the lock only skip() changes it at the same time, so ids stay in order.
            moment.id = last_id_.fetch_add(1, std::memory_order_relaxed) + 1;
            hand_on(moment);
            keep(std::move(moment));
        }
    }

    void skip(std::uint64_t count) {
        const std::uint64_t through = last_id_.fetch_add(count, std::memory_order_relaxed) + count;
        std::uint64_t before = skipped_through_.load(std::memory_order_relaxed);
        while (before < through && !skipped_through_.compare_exchange_weak(
                                       before, through, std::memory_order_relaxed)) {
        }
    }

    std::shared_ptr<Listener> add(const std::optional<SessionId>& session,
                                  std::optional<std::uint64_t> after_id, Sink sink) {
        auto listener = std::make_shared<Listener>();
        listener->session = session;
        listener->sink = std::move(sink);
        const std::scoped_lock lock(mutex_);
        forget_skipped();
        if (after_id) {
            resume(*listener, *after_id);
        }
        (session ? by_session_[*session] : of_all_).push_back(listener);
        listeners_count_.fetch_add(1, std::memory_order_relaxed);
        return listener;
    }

    void remove(const std::shared_ptr<Listener>& listener) {
        const std::scoped_lock lock(mutex_);
        if (listener->session) {
            const auto entry = by_session_.find(*listener->session);
            std::erase(entry->second, listener);
            if (entry->second.empty()) {
                by_session_.erase(entry);
            }
        } else {
            std::erase(of_all_, listener);
        }
        if (listeners_count_.fetch_sub(1, std::memory_order_relaxed) == 1 &&
            options_.moments_max > 0) {
            record_until_ms_ = clock_.now_ms() + options_.resume_window.count();
        }
    }

    [[nodiscard]] std::uint64_t last_id() const { return last_id_.load(); }
    [[nodiscard]] std::size_t listener_count() const { return listeners_count_.load(); }

  private:
    // Moments before skipped ones are of no use: whoever resumes behind them has a gap anyway.
    void forget_skipped() {
        const std::uint64_t skipped = skipped_through_.load(std::memory_order_relaxed);
        while (!buffer_.empty() && buffer_.front().id <= skipped) {
            drop_oldest();
        }
        lost_through_ = std::max(lost_through_, skipped);
    }

    void hand_on(const LiveMoment& moment) {
        for (const auto& listener : of_all_) {
            hand_to(*listener, moment);
        }
        const auto entry = by_session_.find(moment.session);
        if (entry != by_session_.end()) {
            for (const auto& listener : entry->second) {
                hand_to(*listener, moment);
            }
        }
    }

    static void hand_to(Listener& listener, const LiveMoment& moment) {
        listener.sink(moment, std::exchange(listener.gap, false));
    }

    void keep(LiveMoment moment) {
        bytes_ += bytes_of(moment);
        buffer_.push_back(std::move(moment));
        while (buffer_.size() > options_.moments_max || bytes_ > options_.bytes_max) {
            drop_oldest();
        }
    }

    void drop_oldest() {
        lost_through_ = std::max(lost_through_, buffer_.front().id);
        bytes_ -= bytes_of(buffer_.front());
        buffer_.pop_front();
    }

    void resume(Listener& listener, std::uint64_t after_id) {
        // An id that was not given yet is of an earlier run of the process: all of it is new.
        const bool other_run = after_id > last_id_.load(std::memory_order_relaxed);
        listener.gap = other_run || after_id < lost_through_;
        auto moment = buffer_.begin();
        if (!other_run) {
            moment = std::upper_bound(
                buffer_.begin(), buffer_.end(), after_id,
                [](std::uint64_t id, const LiveMoment& kept) { return id < kept.id; });
        }
        for (; moment != buffer_.end(); ++moment) {
            if (!listener.session || *listener.session == moment->session) {
                hand_to(listener, *moment);
            }
        }
    }

    const LiveHubOptions options_;
    const Clock& clock_;
    std::atomic<std::uint64_t> last_id_ = 0;
    std::atomic<std::uint64_t> skipped_through_ = 0;
    std::atomic<std::size_t> listeners_count_ = 0;
    std::atomic<UnixMillis> record_until_ms_ = 0;  // while nobody listens; 0: no buffer

    std::mutex mutex_;
    // All below guarded by mutex_.
    std::vector<std::shared_ptr<Listener>> of_all_;
    std::unordered_map<SessionId, std::vector<std::shared_ptr<Listener>>> by_session_;
    std::deque<LiveMoment> buffer_;  // ids increase
    std::size_t bytes_ = 0;
    std::uint64_t lost_through_ = 0;  // moments up to here are not (all) in the buffer
};

class LiveHub::Handle final : public Subscription {
  public:
    Handle(std::shared_ptr<State> state, std::shared_ptr<Listener> listener)
        : state_(std::move(state)), listener_(std::move(listener)) {}
    ~Handle() override { state_->remove(listener_); }

  private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Listener> listener_;
};

LiveHub::LiveHub(const LiveHubOptions& options, const Clock& clock)
    : state_(std::make_shared<State>(options, clock)) {}

LiveHub::~LiveHub() = default;

bool LiveHub::is_recording() const {
    return state_->is_recording();
}

void LiveHub::publish(std::vector<LiveMoment> moments) {
    state_->publish(std::move(moments));
}

void LiveHub::skip(std::uint64_t count) {
    state_->skip(count);
}

std::unique_ptr<Subscription> LiveHub::subscribe(const std::optional<SessionId>& session,
                                                 std::optional<std::uint64_t> after_id, Sink sink) {
    return std::make_unique<Handle>(state_, state_->add(session, after_id, std::move(sink)));
}

std::uint64_t LiveHub::last_id() const {
    return state_->last_id();
}

std::size_t LiveHub::subscription_count() const {
    return state_->listener_count();
}

}  // namespace fermata::engine
