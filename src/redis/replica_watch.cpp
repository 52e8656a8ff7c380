#include "redis/replica_watch.h"

#include <algorithm>

namespace fermata::redis {
namespace {

// Between checks while there is trouble; so long too until replicas that came back count.
constexpr std::chrono::milliseconds kCheckInterval{250};
constexpr std::chrono::milliseconds kCheckPatience{1'000};
// Without a renewed word of another primary, writes wait for replicas again.
constexpr std::chrono::seconds kLease{2};
// Replicas acknowledge once a second.
constexpr std::chrono::seconds kLagMin{2};

}  // namespace

void ReplicaWatch::reported(bool is_enough, Time now) {
    if (is_enough) {
        if (!degraded_to_) {
            short_since_.reset();
        }
    } else if (!short_since_) {
        short_since_ = now;
    }
}

bool ReplicaWatch::wants_check(Time now) const {
    // Whoever was asked may be gone: an answer that does not come is asked for again.
    if (now - checked_at_ < (is_checking_ ? kCheckPatience : kCheckInterval)) {
        return false;
    }
    return degraded_to_ || (short_since_ && now - *short_since_ >= options_.degrade_after);
}

std::optional<ReplicaWatch::Time> ReplicaWatch::trouble_began() const {
    return degraded_to_ ? std::nullopt : short_since_;
}

ReplicaWatch::Change ReplicaWatch::found(unsigned live_replicas, bool is_confirmed, Time now) {
    is_checking_ = false;
    const bool was_degraded = is_degraded();
    if (live_replicas >= options_.wait_replicas) {
        // Enough are there: those that only lag are waited for.
        degraded_to_.reset();
        if (was_degraded) {
            short_since_.reset();
        }
        return was_degraded ? Change::kRecovered : Change::kNone;
    }
    if (!is_confirmed || (!was_degraded && !short_since_)) {
        return expire(now);
    }
    degraded_to_ = live_replicas;
    lease_until_ = now + kLease;
    return was_degraded ? Change::kNone : Change::kDegraded;
}

ReplicaWatch::Change ReplicaWatch::not_found(Time now) {
    is_checking_ = false;
    return expire(now);
}

ReplicaWatch::Change ReplicaWatch::expire(Time now) {
    if (!degraded_to_ || now < lease_until_) {
        return Change::kNone;
    }
    degraded_to_.reset();
    short_since_ = now;
    return Change::kUnconfirmed;
}

std::chrono::seconds ReplicaWatch::lag_max() const {
    return std::max(kLagMin,
                    std::chrono::duration_cast<std::chrono::seconds>(options_.degrade_after));
}

}  // namespace fermata::redis
