// KeyedStore: the Store on top of any Medium. What differs between media is how writes get there
// (submit) and how it is opened and closed.
//
// Reads are done within the call and see what is written, not what waits.
// Threads: every method from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/medium.h"
#include "store/store.h"
#include "store/write.h"

namespace fermata::store {

class KeyedStore : public Store {
  public:
    void claim(Partition partition, std::uint32_t node, Done<Epoch> done) override;
    void beat(NodeBeat beat, Done<BeatAnswer> done) override;
    void list_nodes(Done<std::vector<NodeRecord>> done) override;
    void remove_node(NodeId node, bool standby, std::uint64_t instance, Done<bool> done) override;
    void claim_from(Partition partition, Ownership expected, NodeId node,
                    Done<ClaimAnswer> done) override;
    void release(Partition partition, Epoch epoch, Done<bool> done) override;
    void list_owners(Done<OwnerList> done) override;
    void commit(CommitBatch batch, Done<CommitAnswer> done) override;
    void append_inbox(InboxAppend append, Done<InboxAnswer> done) override;
    void load_session(const SessionId& session, Done<std::optional<SessionRecord>> done) override;
    void list_sessions(Partition partition, SessionPhase phase, const std::string& cursor,
                       std::size_t limit, Done<SessionPage> done) override;
    void list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                     std::size_t limit, std::size_t skip, Done<TimerPage> done) override;
    void session_timers(const SessionId& session, Done<std::vector<TimerRecord>> done) override;
    void list_inbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                    Done<std::vector<InboxRecord>> done) override;
    void list_outbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                     Done<std::vector<OutboxRecord>> done) override;
    void list_journal(const SessionId& session, std::size_t limit,
                      Done<std::vector<JournalRecord>> done) override;
    void find_answer(Partition partition, const std::string& key,
                     Done<std::optional<AnswerRecord>> done) override;
    void put_document(const std::string& hash, const std::string& bytes, Done<bool> done) override;
    void find_document(const std::string& hash, Done<std::optional<std::string>> done) override;
    void put_document_name(const DocumentName& name, Done<bool> done) override;
    void find_document_name(const std::string& name,
                            Done<std::optional<DocumentName>> done) override;
    void list_document_names(Done<std::vector<DocumentName>> done) override;
    void read_partition(Partition partition, Done<PartitionRecord> done) override;
    void list_answers(Partition partition, const std::string& cursor, std::size_t limit,
                      Done<AnswerPage> done) override;
    void import_records(ImportBatch batch, Done<std::size_t> done) override;
    void expire(UnixMillis now_ms, std::size_t limit, Done<std::size_t> done) override;
    [[nodiscard]] StoreCounters counters() const override;

  protected:
    KeyedStore(std::unique_ptr<Medium> medium, Partition partition_count, JournalOptions journal)
        : partition_count_(partition_count), journal_(journal), medium_(std::move(medium)) {}

    // Takes the write and sees to it that it is answered.
    virtual void submit(std::unique_ptr<Write> write) = 0;

    [[nodiscard]] Partition partition_count() const { return partition_count_; }
    [[nodiscard]] const JournalOptions& journal() const { return journal_; }
    [[nodiscard]] Medium& medium() { return *medium_; }
    // Waits for reads to end; later ones are answered as closed.
    void close_medium();
    void count_group(const GroupOutcome& outcome);
    [[nodiscard]] static Error closed() { return {ErrorCode::kUnavailable, "the store is closed"}; }

  private:
    template <typename Answer, typename Plan>
    void write(Partition partition, std::size_t bytes, Plan plan, Done<Answer> done);
    template <typename Answer, typename Query>
    void read(Partition partition, const Query& query, const Done<Answer>& done);
    [[nodiscard]] Result<void> check_partition(Partition partition) const;

    const Partition partition_count_;
    const JournalOptions journal_;
    std::shared_mutex access_;  // held shared by reads, alone to close
    std::unique_ptr<Medium> medium_;
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<std::uint64_t> batches_{0};
    std::atomic<std::uint64_t> groups_{0};
    std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace fermata::store
