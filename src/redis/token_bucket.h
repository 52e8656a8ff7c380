// TokenBucket: so many at once, then so many a second; against storms of connects.
#pragma once

#include <algorithm>
#include <chrono>

namespace fermata::redis {

class TokenBucket {
  public:
    using Time = std::chrono::steady_clock::time_point;

    TokenBucket(unsigned burst, unsigned per_second, Time now)
        : burst_(burst), per_second_(per_second), tokens_(burst), filled_at_(now) {}

    // Takes a token: zero. Without one: how long to wait before asking again.
    std::chrono::milliseconds take(Time now) {
        const std::chrono::duration<double> passed = now - filled_at_;
        tokens_ = std::min(burst_, tokens_ + passed.count() * per_second_);
        filled_at_ = now;
        if (tokens_ >= 1) {
            tokens_ -= 1;
            return std::chrono::milliseconds(0);
        }
        const double missing_ms = (1 - tokens_) / per_second_ * 1000;
        return std::chrono::milliseconds(1 + static_cast<std::int64_t>(missing_ms));
    }

  private:
    double burst_;
    double per_second_;
    double tokens_;
    Time filled_at_;
};

}  // namespace fermata::redis
