// ForgetfulStore: a store that answers at once and keeps nothing but documents, so that what a
// benchmark measures around it is the engine's own.
//
// Threads: every method from any thread.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "store/store.h"

namespace fermata::bench {

class ForgetfulStore final : public store::Store {
  public:
    [[nodiscard]] store::Facts facts() const override;
    void claim(Partition partition, std::uint32_t node, store::Done<store::Epoch> done) override;
    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override;
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override;
    void load_session(const SessionId& session,
                      store::Done<std::optional<store::SessionRecord>> done) override;
    void list_sessions(Partition partition, store::SessionPhase phase, const std::string& cursor,
                       std::size_t limit, store::Done<store::SessionPage> done) override;
    void list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                     std::size_t limit, std::size_t skip,
                     store::Done<store::TimerPage> done) override;
    void session_timers(const SessionId& session,
                        store::Done<std::vector<store::TimerRecord>> done) override;
    void list_inbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                    store::Done<std::vector<store::InboxRecord>> done) override;
    void list_outbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                     store::Done<std::vector<store::OutboxRecord>> done) override;
    void list_journal(const SessionId& session, std::size_t limit,
                      store::Done<std::vector<store::JournalRecord>> done) override;
    void find_answer(Partition partition, const std::string& key,
                     store::Done<std::optional<store::AnswerRecord>> done) override;
    void put_document(const std::string& hash, const std::string& bytes,
                      store::Done<bool> done) override;
    void find_document(const std::string& hash,
                       store::Done<std::optional<std::string>> done) override;
    void put_document_name(const store::DocumentName& name, store::Done<bool> done) override;
    void find_document_name(const std::string& name,
                            store::Done<std::optional<store::DocumentName>> done) override;
    void list_document_names(store::Done<std::vector<store::DocumentName>> done) override;
    void expire(UnixMillis now_ms, std::size_t limit, store::Done<std::size_t> done) override;
    [[nodiscard]] store::StoreCounters counters() const override;
    void close() override {}

  private:
    std::atomic<std::uint64_t> numbers_ = 1;
    mutable std::mutex mutex_;
    std::map<std::string, std::string> documents_;      // guarded by mutex_
    std::map<std::string, store::DocumentName> names_;  // guarded by mutex_
};

}  // namespace fermata::bench
