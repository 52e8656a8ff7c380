// RestingClock: time of day that stands still while there is something to do, so that the order of
// events and timers is the chart's, however slow the machine is. It is kept in a file, and goes on
// there in the next process.
//
// steady() is real: it bounds how long scripts may run.
//
// Threads: as Clock; advance() by one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>

#include "base/clock.h"

namespace fermata::tests {

class RestingClock final : public Clock {
  public:
    explicit RestingClock(std::string file) : file_(std::move(file)) {
        UnixMillis kept = 0;
        now_ms_ = std::ifstream(file_) >> kept ? kept : SystemClock().now_ms();
        keep();
    }

    [[nodiscard]] UnixMillis now_ms() const override { return now_ms_.load(); }
    [[nodiscard]] std::chrono::nanoseconds steady() const override {
        return SystemClock().steady();
    }
    // Never back.
    void advance_to(UnixMillis then_ms) {
        if (then_ms > now_ms_.load()) {
            now_ms_ = then_ms;
            keep();
        }
    }

  private:
    void keep() const { std::ofstream(file_) << now_ms_.load(); }

    const std::string file_;
    std::atomic<UnixMillis> now_ms_;
};

}  // namespace fermata::tests
