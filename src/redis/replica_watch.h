// ReplicaWatch: decides how many replicas a primary's writes must wait for: all that the options
// want, or fewer when it has no more and may go on without ("degraded"). Without IO: it says when
// to ask and is told what was found.
//
// A primary that is cut off from its cluster has no replicas either, and what it took then is lost
// when the cluster heals. So going on needs the word of another primary that this one is still in
// office and was heard of since the trouble began; and that word must be renewed.
#pragma once

#include <chrono>
#include <optional>

#include "redis/options.h"

namespace fermata::redis {

class ReplicaWatch {
  public:
    using Time = std::chrono::steady_clock::time_point;
    enum class Change { kNone, kDegraded, kRecovered, kUnconfirmed };

    // options must outlive the watch.
    explicit ReplicaWatch(const Options& options) : options_(options) {}

    // Replicas that a write must have now.
    [[nodiscard]] unsigned required() const {
        return degraded_to_.value_or(options_.wait_replicas);
    }
    [[nodiscard]] bool is_degraded() const { return degraded_to_.has_value(); }

    // A WAIT ended, with enough replicas or not.
    void reported(bool is_enough, Time now);

    // True: ask the server for its replicas and another primary for its word, and call found() or
    // not_found().
    [[nodiscard]] bool wants_check(Time now) const;
    void check_started(Time now) {
        checked_at_ = now;
        is_checking_ = true;
    }
    // The trouble began then; nullopt: it is known already and only renewed.
    [[nodiscard]] std::optional<Time> trouble_began() const;
    Change found(unsigned live_replicas, bool is_confirmed, Time now);
    Change not_found(Time now);

    // How long a replica may be silent and still count.
    [[nodiscard]] std::chrono::seconds lag_max() const;

  private:
    Change expire(Time now);

    const Options& options_;
    std::optional<Time> short_since_;
    std::optional<unsigned> degraded_to_;
    Time lease_until_;
    Time checked_at_;
    bool is_checking_ = false;
};

}  // namespace fermata::redis
