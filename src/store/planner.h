// Planner: what each write of the store changes in its tables.
//
// Every plan checks first and changes the draft last, so an Error that concerns the request alone
// (is_refusal) leaves the draft as it was. Any other Error is a failing read that may leave it half
// changed: the whole draft must be thrown away.
// Threads: one owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/draft.h"
#include "store/entries.h"
#include "store/store.h"

namespace fermata::store {

inline bool is_refusal(const Error& error) {
    return error.code() == ErrorCode::kFenced || error.code() == ErrorCode::kInvalidArgument ||
           error.code() == ErrorCode::kConflict;
}

class Planner {
  public:
    Planner(Draft& draft, const JournalOptions& journal) : draft_(draft), journal_(journal) {}

    Result<Epoch> claim(Partition partition, std::uint32_t node);
    Result<ClaimAnswer> claim_from(Partition partition, const Ownership& expected, NodeId node);
    // false: nobody owned it.
    Result<bool> release(Partition partition, Epoch epoch);
    Result<BeatAnswer> beat(const NodeBeat& beat);
    Result<bool> remove_node(NodeId node, bool standby, std::uint64_t instance);
    Result<CommitAnswer> commit(const CommitBatch& batch);
    Result<InboxAnswer> append_inbox(const InboxAppend& append);
    // How many sessions are new.
    Result<std::size_t> import_records(const ImportBatch& batch);
    // false: it was there.
    Result<bool> put_document(const std::string& hash, const std::string& bytes);
    Result<bool> put_document_name(const DocumentName& name);
    Result<std::size_t> expire(UnixMillis now_ms, std::size_t limit);

  private:
    Result<PartitionEntry> partition_entry(Partition partition) const;
    struct Checked {
        // One status per session commit; kConflict anywhere means that nothing may be applied.
        CommitAnswer answer;
        bool conflict = false;
        std::vector<UnixMillis> created_ms;  // of each session commit's session
    };
    Result<Checked> check(const CommitBatch& batch) const;
    // It ends a session that was promised an event which its owner has not heard of.
    [[nodiscard]] Result<bool> overlooks_a_promise(const SessionCommit& commit) const;
    Result<void> apply(const SessionCommit& commit, UnixMillis created_ms, PartitionEntry& entry,
                       SessionAnswer& answer);
    Result<void> apply_fields(const SessionCommit& commit);
    void apply_timers(const SessionCommit& commit);
    void apply_boxes(const SessionCommit& commit, PartitionEntry& entry, SessionAnswer& answer);
    void apply_records(const SessionCommit& commit);
    Result<void> apply_end(const SessionCommit& commit);
    // Whether an append may put an event for the session into the inbox.
    [[nodiscard]] Result<bool> takes(const InboxAppend& append, const SessionId& session) const;
    Result<std::size_t> check(const ImportBatch& batch) const;
    Result<void> put_session(const SessionRecord& record);
    // Where list_sessions() finds it, and no longer among the live ones once it has ended.
    void put_listing(const SessionId& session, UnixMillis created_ms, bool has_ended);
    void put_timer(const SessionId& session, const TimerRecord& timer);
    void put_answer(Partition partition, const AnswerRecord& answer);
    void put_end_expiry(const SessionId& session, const EndRecord& end);
    void put_inbox(Partition partition, const InboxRecord& record, std::uint64_t number,
                   std::string_view mark = {});
    Result<void> remove_inbox(Partition partition, std::uint64_t number);
    void erase_timer(const SessionId& session, UnixMillis due_ms, std::uint64_t number);
    Result<void> erase_all(const Key& prefix);
    // Keys of an expiry table that are due.
    Result<std::vector<std::string>> expired(Table table, UnixMillis now_ms,
                                             std::size_t limit) const;
    Result<void> forget_session(const std::string& expiry);
    Result<void> forget_answer(const std::string& expiry);

    Draft& draft_;
    const JournalOptions& journal_;
};

}  // namespace fermata::store
