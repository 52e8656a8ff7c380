#include "halting_store.h"

namespace fermata::tests {

bool HaltingStore::take() {
    const std::scoped_lock lock(mutex_);
    if (commits_max_ != 0 && taken_ == commits_max_) {
        held_ = true;
        changed_.notify_all();
        return false;
    }
    ++taken_;
    return true;
}

void HaltingStore::answered() {
    const std::scoped_lock lock(mutex_);
    ++answered_;
    changed_.notify_all();
}

void HaltingStore::commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) {
    if (!take()) {
        return;
    }
    ForwardingStore::commit(std::move(batch),
                            [this, done = std::move(done)](Result<store::CommitAnswer> answer) {
                                done(std::move(answer));
                                answered();
                            });
}

void HaltingStore::append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) {
    if (!take()) {
        return;
    }
    ForwardingStore::append_inbox(
        std::move(append), [this, done = std::move(done)](Result<store::InboxAnswer> answer) {
            done(std::move(answer));
            answered();
        });
}

}  // namespace fermata::tests
