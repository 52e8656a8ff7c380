// ReplayLog: the calls of the last seconds, as they were applied, so that they can be made again
// when Redis has lost them (its history "went back": a fail-over, a restart without the last of its
// log).
//
// Bounds: redis-replay-window in time, redis-replay-bytes in memory for all partitions together;
// the oldest calls go first. Threads: the client's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "base/session_id.h"
#include "redis/command.h"

namespace fermata::redis_store {

struct LoggedCall {
    std::uint64_t number = 0;
    // Without the words that call.lua reads last.
    redis::Command command;
    // Of its box entries.
    std::uint64_t first = 0;
};

class ReplayLog {
  public:
    using Moment = std::chrono::steady_clock::time_point;

    ReplayLog(Partition partition_count, std::chrono::milliseconds window, std::size_t bytes_max)
        : calls_(partition_count), window_(window), bytes_max_(bytes_max) {}

    // Numbers of one partition follow each other, until forget().
    void add(Partition partition, LoggedCall call, Moment now);
    // Null when it is not kept any more.
    [[nodiscard]] const LoggedCall* find(Partition partition, std::uint64_t number) const;
    // The partition starts over with another epoch, or is lost.
    void forget(Partition partition);
    // Drops what is older than the window.
    void trim(Moment now);

    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    // Calls dropped within the window, because of bytes_max.
    [[nodiscard]] std::uint64_t dropped_early() const { return dropped_early_; }

  private:
    struct Age {
        Partition partition;
        std::uint64_t generation;  // of the partition; another one: forgotten since
        std::size_t bytes;
        Moment at;
    };
    struct Calls {
        std::deque<LoggedCall> calls;
        std::uint64_t generation = 0;
    };
    void drop_oldest();

    std::vector<Calls> calls_;
    std::deque<Age> ages_;
    std::chrono::milliseconds window_;
    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::uint64_t dropped_early_ = 0;
};

}  // namespace fermata::redis_store
