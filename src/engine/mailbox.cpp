#include "engine/mailbox.h"

#include <thread>
#include <utility>

namespace fermata::engine {

bool Mailbox::post_call(Task task) {
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || calls_ >= calls_max_) {
            return false;
        }
        ++calls_;
        was_empty = tasks_.empty();
        tasks_.push_back(std::move(task));
    }
    if (was_empty) {
        WakeupHold::wake(shared_from_this());
    }
    return true;
}

void Mailbox::post_answer(Task task) {
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return;
        }
        was_empty = tasks_.empty();
        tasks_.push_back(std::move(task));
    }
    if (was_empty) {
        WakeupHold::wake(shared_from_this());
    }
}

void Mailbox::take(std::vector<Task>& tasks, std::chrono::milliseconds patience) {
    tasks.clear();
    std::unique_lock lock(mutex_);
    if (tasks_.empty() && patience.count() > 0) {
        // Whoever posts next may be waiting for this very core: going to sleep would cost both of
        // us a wake-up. On a core that nobody else wants this takes less than a microsecond.
        lock.unlock();
        std::this_thread::yield();
        lock.lock();
    }
    if (tasks_.empty() && patience.count() > 0) {
        arrived_.wait_for(lock, patience, [this] { return !tasks_.empty() || closed_; });
    }
    tasks.swap(tasks_);
    calls_ = 0;
}

void Mailbox::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    arrived_.notify_all();
}

void Mailbox::wake() {
    arrived_.notify_one();
}

std::size_t Mailbox::waiting() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

}  // namespace fermata::engine
