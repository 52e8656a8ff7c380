// Gathering: whether the writes that wait for a primary go out now, or in a moment with others.
//
// A batch costs a wake-up, a system call and a look at its answers at both ends, however little it
// carries. Its answers set their callers free at once, and a busy caller soon has its next write:
// so after the answers of a batch the next one waits until as many writes are there as came back
// the last times, for a small share of the time that the batch itself took.
//
// Threads: the event loop's only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace fermata::redis {

class Gathering {
  public:
    using Time = std::chrono::steady_clock::time_point;

    // Writes wait at most for this share of the time between a batch and its answers ...
    static constexpr int kShareOfBatch = 8;
    // ... and never longer than this.
    static constexpr std::chrono::microseconds kLongest{1'000};

    // A batch of so many requests was answered.
    void begin(std::size_t requests, Time sent_at, Time now) {
        wanted_ = std::min(requests, 2 * returned_ + 1);
        until_ = now + std::min<Time::duration>((now - sent_at) / kShareOfBatch, kLongest);
    }
    // So many writes wait: are more to be waited for? One alone never waits.
    [[nodiscard]] bool is_on(std::size_t waiting, Time now) const {
        return wanted_ > 1 && waiting < wanted_ && now < until_;
    }
    // They go out, however many they are.
    void end(std::size_t waiting) {
        if (wanted_ > 0) {
            returned_ = waiting;
        }
        wanted_ = 0;
    }

    // While it is on.
    [[nodiscard]] std::size_t missing(std::size_t waiting) const { return wanted_ - waiting; }
    [[nodiscard]] Time until() const { return until_; }

  private:
    std::size_t returned_ = 0;  // writes that had come when the last gathering ended
    std::size_t wanted_ = 0;    // 0: not gathering
    Time until_;
};

}  // namespace fermata::redis
