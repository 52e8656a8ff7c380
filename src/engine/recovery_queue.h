// RecoveryQueue: the lanes of a shard that are to be recovered, a few at a time, so that the first
// partitions are served while the last are not read yet.
//
// Lanes that calls wait for (Lobby) come first, those whose part of the store is away last. A lane
// that takes longer than kSlow does not keep others waiting.
// Threads: the shard's thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>

#include "base/result.h"

namespace fermata::engine {

class Lane;
class Shard;

class RecoveryQueue {
  public:
    using Done = std::function<void(const Result<void>&)>;

    // Lanes of one shard that are read at the same time: enough calls under way that a store behind
    // a network answers one while another travels, few enough that each lane is served soon.
    static constexpr std::size_t kAtOnce = 4;
    // A lane of a thousand sessions takes some milliseconds; one whose server is away waits for
    // ever.
    static constexpr std::chrono::milliseconds kSlow{1'000};

    explicit RecoveryQueue(Shard& shard) : shard_(shard) {}
    RecoveryQueue(const RecoveryQueue&) = delete;
    RecoveryQueue& operator=(const RecoveryQueue&) = delete;
    ~RecoveryQueue() = default;

    // `done` is called when the lane is served, or with why it cannot be now.
    void add(Lane& lane, Done done);
    // The lane is closed, or starts over: nobody is told.
    void forget(Lane& lane);

  private:
    struct Waiting {
        Lane* lane = nullptr;
        Done done;
    };

    void begin_some();
    [[nodiscard]] std::deque<Waiting>::iterator next();
    void begin(Waiting waiting);
    void give_place(Lane& lane, std::size_t serial);

    Shard& shard_;
    std::deque<Waiting> waiting_;
    std::map<Lane*, std::size_t> begun_;  // with the serial number of the attempt
    std::size_t serial_next_ = 1;
};

}  // namespace fermata::engine
