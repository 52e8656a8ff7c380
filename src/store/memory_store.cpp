#include "store/memory_store.h"

#include <algorithm>
#include <map>
#include <shared_mutex>
#include <string>
#include <vector>

namespace fermata::store {
namespace {

class MemoryMedium final : public Medium {
  public:
    Result<std::optional<std::string>> get(std::string_view key) const override {
        const std::shared_lock lock(mutex_);
        const auto found = entries_.find(key);
        return found == entries_.end() ? std::nullopt : std::optional(found->second);
    }

    Result<void> scan(std::string_view begin, std::string_view end, Direction direction,
                      const Visit& visit) const override {
        const std::shared_lock lock(mutex_);
        auto first = entries_.lower_bound(begin);
        auto last = entries_.lower_bound(end);
        if (direction == Direction::kForward) {
            for (; first != last && visit(first->first, first->second); ++first) {
            }
            return {};
        }
        while (first != last) {
            --last;
            if (!visit(last->first, last->second)) {
                break;
            }
        }
        return {};
    }

    Result<void> write(const Changes& changes) override {
        const std::unique_lock lock(mutex_);
        for (const auto& [key, value] : changes) {
            if (value) {
                entries_.insert_or_assign(key, *value);
            } else {
                entries_.erase(key);
            }
        }
        return {};
    }

  private:
    mutable std::shared_mutex mutex_;
    std::map<std::string, std::string, std::less<>> entries_;  // guarded by mutex_
};

}  // namespace

MemoryStore::MemoryStore(const MemoryOptions& options)
    : KeyedStore(std::make_unique<MemoryMedium>(), options.partition_count, options.journal) {}

MemoryStore::~MemoryStore() {
    MemoryStore::close();
}

Facts MemoryStore::facts() const {
    return {"memory", partition_count(), false};
}

void MemoryStore::submit(std::unique_ptr<Write> write) {
    std::vector<std::unique_ptr<Write>> writes;
    writes.push_back(std::move(write));
    GroupOutcome outcome;
    {
        const std::lock_guard lock(writing_);
        outcome.result = closed();
        if (!closed_) {
            outcome = write_group(medium(), journal(), writes, 0, 1);
            count_group(outcome);
        }
    }
    // Outside the lock, since the callback may use the store.
    if (outcome.result) {
        writes.front()->answer();
    } else {
        writes.front()->fail(outcome.result.error());
    }
}

void MemoryStore::close() {
    const std::lock_guard lock(writing_);
    if (!closed_) {
        closed_ = true;
        close_medium();
    }
}

}  // namespace fermata::store
