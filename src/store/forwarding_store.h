// ForwardingStore: passes every call on to another store. For tests that change one of them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace fermata::store {

class ForwardingStore : public store::Store {
  public:
    explicit ForwardingStore(store::Store& inner) : inner_(inner) {}

    [[nodiscard]] store::Facts facts() const override { return inner_.facts(); }
    void claim(Partition partition, std::uint32_t node, store::Done<store::Epoch> done) override {
        inner_.claim(partition, node, std::move(done));
    }
    void beat(store::NodeBeat beat, store::Done<store::BeatAnswer> done) override {
        inner_.beat(std::move(beat), std::move(done));
    }
    void list_nodes(store::Done<std::vector<store::NodeRecord>> done) override {
        inner_.list_nodes(std::move(done));
    }
    void remove_node(store::NodeId node, bool standby, std::uint64_t instance,
                     store::Done<bool> done) override {
        inner_.remove_node(node, standby, instance, std::move(done));
    }
    void claim_from(Partition partition, store::Ownership expected, store::NodeId node,
                    store::Done<store::ClaimAnswer> done) override {
        inner_.claim_from(partition, expected, node, std::move(done));
    }
    void release(Partition partition, store::Epoch epoch, store::Done<bool> done) override {
        inner_.release(partition, epoch, std::move(done));
    }
    void list_owners(store::Done<store::OwnerList> done) override {
        inner_.list_owners(std::move(done));
    }
    void commit(store::CommitBatch batch, store::Done<store::CommitAnswer> done) override {
        inner_.commit(std::move(batch), std::move(done));
    }
    void append_inbox(store::InboxAppend append, store::Done<store::InboxAnswer> done) override {
        inner_.append_inbox(std::move(append), std::move(done));
    }
    void load_session(const SessionId& session,
                      store::Done<std::optional<store::SessionRecord>> done) override {
        inner_.load_session(session, std::move(done));
    }
    void list_sessions(Partition partition, store::SessionPhase phase, const std::string& cursor,
                       std::size_t limit, store::Done<store::SessionPage> done) override {
        inner_.list_sessions(partition, phase, cursor, limit, std::move(done));
    }
    void list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                     std::size_t limit, std::size_t skip,
                     store::Done<store::TimerPage> done) override {
        inner_.list_timers(partition, after_due, before_due, limit, skip, std::move(done));
    }
    void session_timers(const SessionId& session,
                        store::Done<std::vector<store::TimerRecord>> done) override {
        inner_.session_timers(session, std::move(done));
    }
    void list_inbox(Partition partition, std::uint64_t after, std::size_t limit,
                    store::Done<std::vector<store::InboxRecord>> done) override {
        inner_.list_inbox(partition, after, limit, std::move(done));
    }
    void list_outbox(Partition partition, std::uint64_t after, std::size_t limit,
                     store::Done<std::vector<store::OutboxRecord>> done) override {
        inner_.list_outbox(partition, after, limit, std::move(done));
    }
    void list_journal(const SessionId& session, std::size_t limit,
                      store::Done<std::vector<store::JournalRecord>> done) override {
        inner_.list_journal(session, limit, std::move(done));
    }
    void find_answer(Partition partition, const std::string& key,
                     store::Done<std::optional<store::AnswerRecord>> done) override {
        inner_.find_answer(partition, key, std::move(done));
    }
    void put_document(const std::string& hash, const std::string& bytes,
                      store::Done<bool> done) override {
        inner_.put_document(hash, bytes, std::move(done));
    }
    void find_document(const std::string& hash,
                       store::Done<std::optional<std::string>> done) override {
        inner_.find_document(hash, std::move(done));
    }
    void put_document_name(const store::DocumentName& name, store::Done<bool> done) override {
        inner_.put_document_name(name, std::move(done));
    }
    void find_document_name(const std::string& name,
                            store::Done<std::optional<store::DocumentName>> done) override {
        inner_.find_document_name(name, std::move(done));
    }
    void list_document_names(store::Done<std::vector<store::DocumentName>> done) override {
        inner_.list_document_names(std::move(done));
    }
    void read_partition(Partition partition, store::Done<store::PartitionRecord> done) override {
        inner_.read_partition(partition, std::move(done));
    }
    void list_answers(Partition partition, const std::string& cursor, std::size_t limit,
                      store::Done<store::AnswerPage> done) override {
        inner_.list_answers(partition, cursor, limit, std::move(done));
    }
    void import_records(store::ImportBatch batch, store::Done<std::size_t> done) override {
        inner_.import_records(std::move(batch), std::move(done));
    }
    void expire(UnixMillis now_ms, std::size_t limit, store::Done<std::size_t> done) override {
        inner_.expire(now_ms, limit, std::move(done));
    }
    [[nodiscard]] store::StoreCounters counters() const override { return inner_.counters(); }
    [[nodiscard]] store::StoreHealth health() const override { return inner_.health(); }
    [[nodiscard]] store::StoreHealth partition_health(Partition partition) const override {
        return inner_.partition_health(partition);
    }
    void close() override {}

  protected:
    [[nodiscard]] store::Store& inner() const { return inner_; }

  private:
    store::Store& inner_;
};

}  // namespace fermata::store
