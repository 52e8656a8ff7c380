// WriteQueue: the bounded queue in front of the thread that writes groups.
//
// Threads: push() and size() from any thread; close() from any but the queue's own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/write.h"

namespace fermata::store {

struct WriteQueueLimits {
    std::size_t length_max = 0;
    std::size_t bytes_max = 0;  // a single write may be larger, when nothing else waits
    std::size_t group_bytes_max = 0;
};

class WriteQueue {
  public:
    // As write_group(); called on the queue's thread only.
    using WriteGroup = std::function<GroupOutcome(const std::vector<std::unique_ptr<Write>>& writes,
                                                  std::size_t first, std::size_t bytes_max)>;

    WriteQueue(const WriteQueueLimits& limits, WriteGroup write_group);
    WriteQueue(const WriteQueue&) = delete;
    WriteQueue& operator=(const WriteQueue&) = delete;
    ~WriteQueue();

    // Takes the write, or fails it at once: kOverloaded when the queue is full, kUnavailable when
    // it is closed.
    void push(std::unique_ptr<Write> write);
    [[nodiscard]] std::size_t size() const;
    // Writes and answers everything that waits. Idempotent.
    void close();

  private:
    // Moves from the write, or leaves it to the caller with the reason.
    std::optional<Error> take(std::unique_ptr<Write>& write);
    void run();
    void write_all(std::vector<std::unique_ptr<Write>> writes);

    const WriteQueueLimits limits_;
    const WriteGroup write_group_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    // Guarded by mutex_. Length and bytes count what waits and what is being written.
    std::vector<std::unique_ptr<Write>> waiting_;
    std::size_t length_ = 0;
    std::size_t bytes_ = 0;
    bool closing_ = false;

    std::once_flag joined_;
    std::thread thread_;  // last: it uses the rest
};

}  // namespace fermata::store
