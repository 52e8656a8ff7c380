// HaltingStore: a store that takes a given number of commits and then nothing more, as if the
// process had died between two commits. Everything else is passed on.
//
// Threads: as Store. Ownership: keeps a reference to the store below, which must outlive it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "store/forwarding_store.h"

namespace fermata::tests {

class HaltingStore final : public store::ForwardingStore {
  public:
    // `commits_max` 0: never halts.
    HaltingStore(store::Store& below, std::uint64_t commits_max)
        : ForwardingStore(below), commits_max_(commits_max) {}

    // Everything taken so far is answered.
    [[nodiscard]] bool is_answered() {
        const std::scoped_lock lock(mutex_);
        return answered_ == taken_;
    }
    // The engine wants nothing of it.
    [[nodiscard]] bool is_idle() {
        const std::scoped_lock lock(mutex_);
        return answered_ == taken_ && !held_;
    }

    // Waits until the engine wants one commit more than allowed while all taken ones are answered,
    // or until `stop` is true (polled); true in the first case.
    template <typename Stop>
    bool wait_until_halted(const Stop& stop);

    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override;
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override;

  private:
    // True when one more write may be passed on; else the engine is held for ever.
    bool take();
    void answered();

    const std::uint64_t commits_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t taken_ = 0;
    std::uint64_t answered_ = 0;
    bool held_ = false;
};

template <typename Stop>
bool HaltingStore::wait_until_halted(const Stop& stop) {
    std::unique_lock lock(mutex_);
    while (!stop()) {
        if (held_ && answered_ == taken_) {
            return true;
        }
        changed_.wait_for(lock, std::chrono::milliseconds(2));
    }
    return false;
}

}  // namespace fermata::tests
