// Clock: the only source of time. Tests use ManualClock, so nothing depends on the time of day.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace fermata {

// Milliseconds since 1970-01-01 UTC, as timers are stored.
using UnixMillis = std::int64_t;

// Threads: every method from any thread.
class Clock {
  public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    [[nodiscard]] virtual UnixMillis now_ms() const = 0;
    // Monotonic; for measuring durations and deadlines within the process.
    [[nodiscard]] virtual std::chrono::nanoseconds steady() const = 0;
};

class SystemClock final : public Clock {
  public:
    [[nodiscard]] UnixMillis now_ms() const override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
    [[nodiscard]] std::chrono::nanoseconds steady() const override {
        return std::chrono::steady_clock::now().time_since_epoch();
    }
};

// Moves only when told to.
class ManualClock final : public Clock {
  public:
    explicit ManualClock(UnixMillis start_ms = 1'000'000'000'000) : now_ms_(start_ms) {}

    [[nodiscard]] UnixMillis now_ms() const override { return now_ms_.load(); }
    [[nodiscard]] std::chrono::nanoseconds steady() const override {
        return std::chrono::milliseconds(now_ms_.load());
    }
    void advance(std::chrono::milliseconds by) { now_ms_ += by.count(); }

  private:
    std::atomic<UnixMillis> now_ms_;
};

}  // namespace fermata
