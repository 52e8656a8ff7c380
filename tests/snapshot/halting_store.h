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

#include "store/store.h"

namespace fermata::tests {

class HaltingStore final : public store::Store {
  public:
    // `commits_max` 0: never halts.
    HaltingStore(store::Store& below, std::uint64_t commits_max)
        : below_(below), commits_max_(commits_max) {}

    // Everything taken so far is answered.
    [[nodiscard]] bool is_answered() {
        const std::scoped_lock lock(mutex_);
        return answered_ == taken_;
    }

    // Waits until the engine wants one commit more than allowed while all taken ones are answered,
    // or until `stop` is true (polled); true in the first case.
    template <typename Stop>
    bool wait_until_halted(const Stop& stop);

    [[nodiscard]] store::Facts facts() const override { return below_.facts(); }
    void claim(Partition partition, std::uint32_t node, store::Done<store::Epoch> done) override {
        below_.claim(partition, node, std::move(done));
    }
    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override;
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override;

    void load_session(const SessionId& session,
                      store::Done<std::optional<store::SessionRecord>> done) override {
        below_.load_session(session, std::move(done));
    }
    void list_sessions(Partition partition, const std::string& cursor, std::size_t limit,
                       store::Done<store::SessionPage> done) override {
        below_.list_sessions(partition, cursor, limit, std::move(done));
    }
    void list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                     std::size_t limit, std::size_t skip,
                     store::Done<store::TimerPage> done) override {
        below_.list_timers(partition, after_due, before_due, limit, skip, std::move(done));
    }
    void session_timers(const SessionId& session,
                        store::Done<std::vector<store::TimerRecord>> done) override {
        below_.session_timers(session, std::move(done));
    }
    void list_inbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                    store::Done<std::vector<store::InboxRecord>> done) override {
        below_.list_inbox(partition, after_number, limit, std::move(done));
    }
    void list_outbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                     store::Done<std::vector<store::OutboxRecord>> done) override {
        below_.list_outbox(partition, after_number, limit, std::move(done));
    }
    void list_journal(const SessionId& session, std::size_t limit,
                      store::Done<std::vector<store::JournalRecord>> done) override {
        below_.list_journal(session, limit, std::move(done));
    }
    void find_answer(Partition partition, const std::string& key,
                     store::Done<std::optional<store::AnswerRecord>> done) override {
        below_.find_answer(partition, key, std::move(done));
    }
    void put_document(const std::string& hash, const std::string& bytes,
                      store::Done<bool> done) override {
        below_.put_document(hash, bytes, std::move(done));
    }
    void find_document(const std::string& hash,
                       store::Done<std::optional<std::string>> done) override {
        below_.find_document(hash, std::move(done));
    }
    void put_document_name(const store::DocumentName& name, store::Done<bool> done) override {
        below_.put_document_name(name, std::move(done));
    }
    void find_document_name(const std::string& name,
                            store::Done<std::optional<store::DocumentName>> done) override {
        below_.find_document_name(name, std::move(done));
    }
    void list_document_names(store::Done<std::vector<store::DocumentName>> done) override {
        below_.list_document_names(std::move(done));
    }
    void expire(UnixMillis now_ms, std::size_t limit, store::Done<std::size_t> done) override {
        below_.expire(now_ms, limit, std::move(done));
    }
    [[nodiscard]] store::StoreCounters counters() const override { return below_.counters(); }
    void close() override { below_.close(); }

  private:
    // True when one more write may be passed on; else the engine is held for ever.
    bool take();
    void answered();

    store::Store& below_;
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
