// AwayStore: holds commits while it is away, as a store that tries again until Redis answers, and
// answers to appends when it is told to, or shows a past in which no session was there. For tests.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/forwarding_store.h"

namespace fermata::store {

class AwayStore final : public ForwardingStore {
  public:
    using ForwardingStore::ForwardingStore;

    void commit(CommitBatch batch, Done<CommitAnswer> done) override {
        std::unique_lock lock(mutex_);
        if (std::exchange(fails_next_, false)) {
            lock.unlock();
            done(Error(ErrorCode::kUnavailable, "the medium is not there"));
        } else if (reason_.empty() && (!holding_ || passing_ > 0)) {
            passing_ -= passing_ > 0 ? 1 : 0;
            ForwardingStore::commit(std::move(batch), std::move(done));
        } else {
            held_.emplace_back([this, batch = std::move(batch), done = std::move(done)]() mutable {
                ForwardingStore::commit(std::move(batch), std::move(done));
            });
        }
    }
    void append_inbox(InboxAppend append, Done<InboxAnswer> done) override {
        ForwardingStore::append_inbox(
            std::move(append), [this, done = std::move(done)](const Result<InboxAnswer>& answer) {
                std::unique_lock lock(mutex_);
                if (holds_append_answers_) {
                    held_.emplace_back([done, answer] { done(answer); });
                    return;
                }
                lock.unlock();
                done(answer);
            });
    }
    void load_session(const SessionId& session, Done<std::optional<SessionRecord>> done) override {
        std::unique_lock lock(mutex_);
        if (is_of_the_past_) {
            lock.unlock();
            done(std::optional<SessionRecord>());
            return;
        }
        lock.unlock();
        ForwardingStore::load_session(session, std::move(done));
    }
    [[nodiscard]] StoreHealth health() const override {
        const std::lock_guard lock(mutex_);
        return {reason_.empty() && away_.empty(), reason_.empty() ? "a part is away" : reason_};
    }
    [[nodiscard]] StoreHealth partition_health(Partition partition) const override {
        const std::lock_guard lock(mutex_);
        return {reason_.empty() && !away_.contains(partition), "partition is away " + reason_};
    }

    // Commits are taken and not answered, before anybody notices; `passing` more are made first.
    void hold(std::size_t passing = 0) {
        const std::lock_guard lock(mutex_);
        holding_ = true;
        passing_ = passing;
    }
    // Events are appended, and nobody is told.
    void hold_append_answers() {
        const std::lock_guard lock(mutex_);
        holds_append_answers_ = true;
    }
    // Reads do not find sessions, as on a server that was primary and does not know better yet.
    void show_the_past() {
        const std::lock_guard lock(mutex_);
        is_of_the_past_ = true;
    }
    // The next commit is refused, and not made.
    void fail_next_commit() {
        const std::lock_guard lock(mutex_);
        fails_next_ = true;
    }
    void leave(const std::string& reason) {
        const std::lock_guard lock(mutex_);
        reason_ = reason;
    }
    void leave(Partition partition) {
        const std::lock_guard lock(mutex_);
        away_.insert(partition);
    }
    void come_back() {
        std::vector<std::function<void()>> held;
        {
            const std::lock_guard lock(mutex_);
            reason_.clear();
            away_.clear();
            holding_ = false;
            holds_append_answers_ = false;
            is_of_the_past_ = false;
            held.swap(held_);
        }
        for (const auto& commit : held) {
            commit();
        }
    }
    [[nodiscard]] std::size_t held() const {
        const std::lock_guard lock(mutex_);
        return held_.size();
    }

  private:
    mutable std::mutex mutex_;
    std::string reason_;
    std::set<Partition> away_;
    bool holding_ = false;
    std::size_t passing_ = 0;
    bool fails_next_ = false;
    bool holds_append_answers_ = false;
    bool is_of_the_past_ = false;
    std::vector<std::function<void()>> held_;
};

}  // namespace fermata::store
