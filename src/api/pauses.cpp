#include "api/pauses.h"

#include <utility>

namespace fermata::api {

void Pauses::after(std::chrono::milliseconds pause, std::function<void()> call) {
    {
        const std::lock_guard lock(mutex_);
        if (!stopped_) {
            waiting_.emplace(std::chrono::steady_clock::now() + pause, std::move(call));
            if (!thread_.joinable()) {
                thread_ = std::thread([this] { run(); });
            }
            changed_.notify_one();
            return;
        }
    }
    call();
}

void Pauses::after_about(std::chrono::milliseconds pause, std::function<void()> call) {
    const auto half = static_cast<std::uint64_t>(pause.count()) / 2;
    std::uint64_t more = 0;
    {
        const std::lock_guard lock(mutex_);
        more = random_.below(2 * half + 1);
    }
    after(std::chrono::milliseconds(half + more), std::move(call));
}

void Pauses::stop() {
    std::multimap<Instant, std::function<void()>> left;
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        left.swap(waiting_);
        changed_.notify_one();
    }
    if (thread_.joinable()) {
        thread_.join();
    }
    for (auto& [due, call] : left) {
        call();
    }
}

void Pauses::run() {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        if (waiting_.empty()) {
            changed_.wait(lock);
            continue;
        }
        const Instant due = waiting_.begin()->first;
        if (due > std::chrono::steady_clock::now()) {
            changed_.wait_until(lock, due);
            continue;
        }
        const std::function<void()> call = std::move(waiting_.extract(waiting_.begin()).mapped());
        lock.unlock();
        call();
        lock.lock();
    }
}

}  // namespace fermata::api
