// Delivery: one thing that waits for a session, with where it came from, so that the commit of the
// run that takes it also removes it there. DeliveryQueue is the session's external event queue
// (SCXML 3.13), intrusive: an idle session pays two pointers.
//
// Threads: the shard's thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/session_id.h"
#include "value/event.h"

namespace fermata::engine {

// Who waits for the answer to a delivery: told the sequence number of the commit that consumed it,
// once that is durable.
struct Waiter {
    std::function<void(Result<std::uint64_t>)> done;
    // Kept with the commit, so that a repetition gets the same answer; empty: none.
    std::string answer_key;
};

struct Delivery {
    enum class Kind : std::uint8_t {
        kEvent,
        kTimer,      // a timer is due; what it does stands in the session's timer list
        kSetTimer,   // a client's delayed event: becomes a timer
        kTerminate,  // from outside
        kCancel,     // by the parent, which left the invoking state
        kExpire,     // max-session-age
    };

    Kind kind = Kind::kEvent;
    // Sent by the session to itself within a run: not stored anywhere yet.
    bool self = false;
    // Its sender was told that it is taken: what came later, and was not answered yet, comes after.
    bool promised = false;
    std::uint64_t inbox_number = 0;   // 0: did not come through the inbox
    std::uint64_t outbox_number = 0;  // 0: not the outcome of an outbox entry
    std::uint64_t timer_number = 0;   // kTimer
    UnixMillis due_ms = 0;            // kTimer, kSetTimer
    // The invoked child that sent it: dropped when that child is not running any more (SCXML 6.4).
    std::optional<SessionId> child;
    value::Event event;
    std::unique_ptr<Waiter> waiter;
    // Of the queue it is in.
    std::unique_ptr<Delivery> next;
    std::uint32_t place = 0;
};

class DeliveryQueue {
  public:
    DeliveryQueue() = default;
    DeliveryQueue(DeliveryQueue&& other) noexcept { swap(other); }
    DeliveryQueue& operator=(DeliveryQueue&& other) noexcept {
        swap(other);
        return *this;
    }
    DeliveryQueue(const DeliveryQueue&) = delete;
    DeliveryQueue& operator=(const DeliveryQueue&) = delete;
    // One by one: a chain of owners would recurse as deep as the queue is long.
    ~DeliveryQueue() {
        while (pop() != nullptr) {
        }
    }

    [[nodiscard]] bool empty() const { return head_ == nullptr; }
    [[nodiscard]] std::uint32_t size() const {
        return empty() ? 0 : tail_->place - head_->place + 1;
    }
    template <typename Visit>
    void for_each(Visit visit) const {
        for (Delivery* at = head_.get(); at != nullptr; at = at->next.get()) {
            visit(*at);
        }
    }

    void push(std::unique_ptr<Delivery> delivery) {
        Delivery* const added = delivery.get();
        added->place = tail_ == nullptr ? 0 : tail_->place + 1;
        (tail_ == nullptr ? head_ : tail_->next) = std::move(delivery);
        tail_ = added;
    }
    // Behind its like, and before those whose senders wait for an answer: nobody can have sent one
    // of these because of one of them.
    void push_before_waiting(std::unique_ptr<Delivery> delivery) {
        std::unique_ptr<Delivery>* at = &head_;
        std::uint32_t place = empty() ? 0 : head_->place;
        for (; *at != nullptr && ((*at)->waiter == nullptr || (*at)->promised); at = &(*at)->next) {
            ++place;
        }
        delivery->place = place;
        if (*at == nullptr) {
            tail_ = delivery.get();
        }
        delivery->next = std::move(*at);
        *at = std::move(delivery);
        for (Delivery* later = (*at)->next.get(); later != nullptr; later = later->next.get()) {
            ++later->place;
        }
    }
    // Null when empty.
    std::unique_ptr<Delivery> pop() {
        std::unique_ptr<Delivery> first = std::move(head_);
        if (first != nullptr) {
            head_ = std::move(first->next);
            tail_ = head_ == nullptr ? nullptr : tail_;
        }
        return first;
    }

  private:
    void swap(DeliveryQueue& other) noexcept {
        std::swap(head_, other.head_);
        std::swap(tail_, other.tail_);
    }

    std::unique_ptr<Delivery> head_;
    Delivery* tail_ = nullptr;
};

}  // namespace fermata::engine
