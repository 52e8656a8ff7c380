// Mailbox: the one way into a shard: tasks from any thread, taken all at once by the shard's
// thread.
//
// Two kinds share the order of arrival. Calls come from clients and are bounded: beyond `calls_max`
// they are refused, so that a shard that falls behind answers kOverloaded instead of growing.
// Answers (of the store, of fetches, of other shards) complete work that was admitted before; their
// number is bounded by that work, and they are never refused while the shard lives.
//
// Who posts while it holds its wake-ups (WakeupHold) wakes the shard when that ends.
//
// Ownership: shared by the shard and by every callback that may outlive it; after close() posted
// tasks are dropped.
// Threads: post_* and waiting() from any thread; take() and close() from the shard's owner.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/wakeup.h"

namespace fermata::engine {

using Task = std::function<void()>;

class Mailbox final : public Sleeper, public std::enable_shared_from_this<Mailbox> {
  public:
    explicit Mailbox(std::size_t calls_max) : calls_max_(calls_max) {}

    // False when the bound is reached or the mailbox is closed; the task was not taken then.
    [[nodiscard]] bool post_call(Task task);
    // Dropped when the mailbox is closed.
    void post_answer(Task task);
    // Replaces `tasks` by everything posted so far; waits up to `patience` for a first one.
    void take(std::vector<Task>& tasks, std::chrono::milliseconds patience);
    // From now on everything posted is refused or dropped; what waits can still be taken.
    void close();
    // Calls not yet taken.
    [[nodiscard]] std::size_t waiting() const;

    void wake() override;

  private:
    const std::size_t calls_max_;
    mutable std::mutex mutex_;
    std::condition_variable arrived_;
    std::vector<Task> tasks_;
    std::size_t calls_ = 0;
    bool closed_ = false;
};

}  // namespace fermata::engine
