// Lobby: calls for partitions that are being recovered or suspended wait here instead of being
// refused, so that a restart, a lane that starts over, a takeover or a lease that is late looks to
// callers like a slow moment.
//
// Bounded in time (Options::recovery_wait) and number (Options::queue_length_max); beyond that they
// are answered kUnavailable or kOverloaded. Threads: the shard's thread only.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/session_id.h"

namespace fermata::engine {

class Lane;
class Shard;

class Lobby {
  public:
    // Told once: that the lane is served, or why it will not be.
    using Call = std::function<void(Result<void>)>;

    explicit Lobby(Shard& shard) : shard_(shard) {}
    Lobby(const Lobby&) = delete;
    Lobby& operator=(const Lobby&) = delete;
    ~Lobby() = default;

    // Calls at once when the lane is served or belongs to another, else when that is known.
    void enter(Lane& lane, Call call);
    // The lane's state has changed: those who wait are told, unless they wait on.
    void reopen(Lane& lane);
    [[nodiscard]] bool has_guests(const Lane& lane) const;
    void fail_all(const Error& reason);

  private:
    struct Guest {
        UnixMillis until_ms = 0;
        Call call;
    };

    void schedule_sweep();
    // Refuses those who have waited long enough.
    void sweep();

    Shard& shard_;
    std::map<Partition, std::vector<Guest>> guests_;
    std::size_t count_ = 0;
    bool sweeping_ = false;
};

}  // namespace fermata::engine
