// Backoff: growing pauses between attempts, with jitter so that many clients do not come at once.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/random.h"

namespace fermata::redis {

class Backoff {
  public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds last)
        : first_(first), last_(last), next_(first) {}

    // Between half of the pause and all of it; the next one is twice as long.
    std::chrono::milliseconds next(Random& random) {
        const std::chrono::milliseconds pause = next_;
        next_ = std::min(next_ * 2, last_);
        const auto half = static_cast<std::uint64_t>(pause.count()) / 2;
        return pause - std::chrono::milliseconds(random.below(half + 1));
    }
    void reset() { next_ = first_; }

  private:
    std::chrono::milliseconds first_;
    std::chrono::milliseconds last_;
    std::chrono::milliseconds next_;
};

// The pause before attempt number `attempts` (from 1), for what has no Backoff of its own.
inline std::chrono::milliseconds pause_after(unsigned attempts, std::chrono::milliseconds first,
                                             std::chrono::milliseconds last, Random& random) {
    const unsigned doublings = std::min(attempts > 0 ? attempts - 1 : 0U, 20U);
    Backoff once(std::min(first * (std::int64_t{1} << doublings), last), last);
    return once.next(random);
}

}  // namespace fermata::redis
