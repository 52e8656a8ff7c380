// PendingTimers: the delayed sends and events of one session that wait (the store's timer table and
// the shard's TimerQueue have them too).
//
// Most sessions have none or one, and a million of them may be idle: eight bytes without any, and
// forty bytes and its payload for each.
//
// Threads: the shard's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "engine/record_codec.h"

namespace fermata::engine {

class PendingTimer {
  public:
    // `payload` is an encoded TimerPayload; `sendid` is the one in it, by which <cancel> finds it
    // (empty when it cannot be cancelled).
    PendingTimer(std::uint64_t number, UnixMillis due_ms, std::string_view sendid,
                 std::string_view payload);

    [[nodiscard]] std::uint64_t number() const { return number_; }
    [[nodiscard]] UnixMillis due_ms() const { return due_ms_; }
    [[nodiscard]] std::string_view payload() const { return {payload_.get(), payload_bytes_}; }
    [[nodiscard]] bool is_sent_as(std::string_view sendid) const;

  private:
    UnixMillis due_ms_;
    std::unique_ptr<char[]> payload_;
    std::uint32_t payload_bytes_;
    std::uint32_t number_;
    std::uint32_t sendid_hash_;  // 0: cannot be cancelled
};

class PendingTimers {
  public:
    [[nodiscard]] std::size_t size() const { return timers_ == nullptr ? 0 : timers_->size(); }
    void add(PendingTimer timer);
    // Takes the timer out; nothing when there is none (any more).
    std::optional<PendingTimer> take(std::uint64_t number);
    // Takes out all that were sent as `sendid`.
    std::vector<PendingTimer> take_sent_as(std::string_view sendid);
    void clear() { timers_.reset(); }

    template <typename Visit>
    void for_each(Visit visit) const {
        for (std::size_t at = 0; at < size(); ++at) {
            visit((*timers_)[at]);
        }
    }

  private:
    std::unique_ptr<std::vector<PendingTimer>> timers_;  // null when there are none
};

// The sendid in an encoded TimerPayload; empty when it has none.
std::string sendid_of(std::string_view payload);

}  // namespace fermata::engine
