#include "store/write_queue.h"

#include <string>
#include <utility>

#include "base/wakeup.h"

namespace fermata::store {

WriteQueue::WriteQueue(const WriteQueueLimits& limits, WriteGroup write_group)
    : limits_(limits), write_group_(std::move(write_group)), thread_([this] { run(); }) {}

WriteQueue::~WriteQueue() {
    close();
}

void WriteQueue::push(std::unique_ptr<Write> write) {
    if (const std::optional<Error> refusal = take(write)) {
        write->fail(*refusal);
        return;
    }
    changed_.notify_one();
}

std::optional<Error> WriteQueue::take(std::unique_ptr<Write>& write) {
    const std::lock_guard lock(mutex_);
    if (closing_) {
        return Error(ErrorCode::kUnavailable, "the store is closed");
    }
    if (length_ >= limits_.length_max) {
        return Error(ErrorCode::kOverloaded,
                     "as many writes wait for the disk as max-waiting-commits allows (" +
                         std::to_string(limits_.length_max) + ")");
    }
    if (length_ > 0 && bytes_ + write->bytes() > limits_.bytes_max) {
        return Error(ErrorCode::kOverloaded,
                     "writes of as many bytes wait for the disk as max-waiting-bytes allows (" +
                         std::to_string(limits_.bytes_max) + ")");
    }
    ++length_;
    bytes_ += write->bytes();
    waiting_.push_back(std::move(write));
    return std::nullopt;
}

std::size_t WriteQueue::size() const {
    const std::lock_guard lock(mutex_);
    return length_;
}

void WriteQueue::close() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    changed_.notify_one();
    std::call_once(joined_, [this] { thread_.join(); });
}

void WriteQueue::run() {
    while (true) {
        std::vector<std::unique_ptr<Write>> writes;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
            if (waiting_.empty()) {
                return;
            }
            writes.swap(waiting_);
        }
        write_all(std::move(writes));
    }
}

void WriteQueue::write_all(std::vector<std::unique_ptr<Write>> writes) {
    std::size_t first = 0;
    while (first < writes.size()) {
        const GroupOutcome outcome = write_group_(writes, first, limits_.group_bytes_max);
        const std::size_t end = first + outcome.taken;
        const WakeupHold hold;
        for (; first < end; ++first) {
            const std::unique_ptr<Write> write = std::move(writes[first]);
            {
                const std::lock_guard lock(mutex_);
                --length_;
                bytes_ -= write->bytes();
            }
            if (outcome.result) {
                write->answer();
            } else {
                write->fail(outcome.result.error());
            }
        }
    }
}

}  // namespace fermata::store
