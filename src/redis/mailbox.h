// Mailbox: what other threads hand to the event loop, in their order; one wake-up for all that
// comes while the loop is busy. Included by .cpp files of this folder only (Asio).
//
// Threads: put() and close() from any thread, take() from the loop's.
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "redis/outstanding.h"

namespace fermata::redis {

struct Mail {
    OutstandingPtr request;  // null: a task
    std::function<void()> task;
};

class Mailbox {
  public:
    enum class Put {
        kFirst,   // the loop must be woken
        kBehind,  // it has been
        kClosed,  // the mail was left as it is
    };

    Put put(Mail&& mail) {
        const std::lock_guard lock(mutex_);
        if (is_closed_) {
            return Put::kClosed;
        }
        mails_.push_back(std::move(mail));
        return std::exchange(is_woken_, true) ? Put::kBehind : Put::kFirst;
    }
    // Swaps everything into the empty vector that is given; its capacity is used again.
    void take(std::vector<Mail>& into) {
        const std::lock_guard lock(mutex_);
        std::swap(into, mails_);
        is_woken_ = false;
    }
    void close() {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
    }

  private:
    std::mutex mutex_;
    std::vector<Mail> mails_;
    bool is_woken_ = false;
    bool is_closed_ = false;
};

}  // namespace fermata::redis
