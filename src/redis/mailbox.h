// Mailbox: what other threads hand to the event loop, in their order; one wake-up for all that
// comes while the loop is busy, or while it waits for several. Included by .cpp files of this
// folder only (Asio).
//
// Threads: put() and close() from any thread, take() and await() from the loop's.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
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
        std::unique_lock lock(mutex_);
        if (is_closed_) {
            return Put::kClosed;
        }
        mails_.push_back(std::move(mail));
        if (mails_.size() == awaited_) {
            lock.unlock();
            arrived_.notify_one();
            return Put::kBehind;
        }
        return std::exchange(is_woken_, true) ? Put::kBehind : Put::kFirst;
    }
    // Blocks the loop until so many mails are there. take() follows.
    void await(std::size_t mails, std::chrono::steady_clock::time_point until) {
        std::unique_lock lock(mutex_);
        is_woken_ = true;
        awaited_ = mails;
        arrived_.wait_until(lock, until,
                            [this] { return mails_.size() >= awaited_ || is_closed_; });
        awaited_ = kNobodyWaits;
    }
    // Swaps everything into the empty vector that is given; its capacity is used again.
    void take(std::vector<Mail>& into) {
        const std::lock_guard lock(mutex_);
        std::swap(into, mails_);
        is_woken_ = false;
    }
    void close() {
        {
            const std::lock_guard lock(mutex_);
            is_closed_ = true;
        }
        arrived_.notify_one();
    }

  private:
    static constexpr std::size_t kNobodyWaits = SIZE_MAX;

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Mail> mails_;
    std::size_t awaited_ = kNobodyWaits;
    bool is_woken_ = false;
    bool is_closed_ = false;
};

}  // namespace fermata::redis
