// Store: what is persisted, behind one small interface. Three implementations pass one contract
// test suite: MemoryStore (tests), EmbeddedStore (RocksDB, the default), RedisStore (in
// redis_store/).
//
// The unit of atomicity and ownership is the partition. A commit carries the session commits of one
// partition that are ready; it is applied as a whole or not at all, after owner epoch and every
// session's expected sequence number were checked inside the same atomic operation.
//
// Threads: every method from any thread. Callbacks come from a thread of the store (or from within
// the call) and must be quick: they hand over to their shard. Every callback is called exactly
// once, also on close(). Order: commits of one partition are applied in the order in which commit()
// was called, and answered in that order.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/session_id.h"
#include "store/nodes.h"
#include "store/records.h"

namespace fermata::store {

template <typename T>
using Done = std::function<void(Result<T>)>;

// One session's part of a commit: what one run changed.
struct SessionCommit {
    SessionId session;
    // The stored sequence number this builds on; 0 creates the session (conflict when it exists or
    // has just ended).
    std::uint64_t expected_seq = 0;
    // The new one, expected_seq + 1. A session whose stored seq is already `seq` was committed
    // before (the answer got lost): the session commit is skipped and answered as kAlready.
    std::uint64_t seq = 1;
    // Creation only: for listing.
    UnixMillis created_ms = 0;
    // Fields not named stay as they are, unless replace_all (a full record).
    std::vector<FieldWrite> fields;
    bool replace_all = false;
    // Set: the session ends. Its fields, timers and inbox entries are deleted, "meta" stays until
    // the record expires.
    std::optional<EndRecord> end;

    std::vector<TimerRecord> timers_set;
    std::vector<std::pair<UnixMillis, std::uint64_t>>
        timers_removed;                        // due_ms and number, of this session
    std::vector<std::uint64_t> inbox_removed;  // numbers, of this session
    // Of an end: further inbox entries of this session that the owner knows of, and those that
    // earlier commits of the same batch remove. An entry that was promised (InboxAppend) and is
    // neither among them nor removed is a conflict: the session must see it before it may end.
    std::vector<std::uint64_t> inbox_known;
    std::vector<InboxRecord>
        inbox_added;  // for sessions of the same partition; numbers given by the store
    std::vector<OutboxRecord> outbox_added;     // numbers given by the store
    std::vector<std::uint64_t> outbox_removed;  // numbers, of this partition
    std::vector<AnswerRecord> answers;
    std::optional<JournalRecord> journal;
};

struct CommitBatch {
    Partition partition = 0;
    Epoch epoch = 0;
    std::vector<SessionCommit> sessions;
    // Effects carried out that belong to no session commit of this batch.
    std::vector<std::uint64_t> outbox_removed;
    // Events for sessions that do not exist (any more), which nobody will consume.
    std::vector<std::uint64_t> inbox_removed;
};

enum class CommitStatus : std::uint8_t {
    kCommitted,
    kAlready,   // a repetition; nothing was written
    kConflict,  // stored_seq differs from expected_seq; nothing of this batch was written
};

struct SessionAnswer {
    CommitStatus status = CommitStatus::kCommitted;
    std::uint64_t stored_seq = 0;
    // Numbers given to the first of inbox_added and outbox_added; the rest follow without gaps.
    std::uint64_t first_inbox_number = 0;
    std::uint64_t first_outbox_number = 0;
};

// One answer a session commit, in order. When any is kConflict, the batch was not applied (the
// others say kConflict with stored_seq == expected_seq then). kFenced as an error: the epoch is not
// the partition's.
struct CommitAnswer {
    std::vector<SessionAnswer> sessions;
};

// Events for sessions of a partition from another partition or from a node that does not own it.
struct InboxAppend {
    Partition partition = 0;
    // Sender's partition and outbox numbers, increasing: what was appended before is skipped, so
    // that a repetition after a crash has no effect. No sender: always appended.
    std::optional<Partition> from;
    std::vector<std::uint64_t> from_numbers;
    std::vector<InboxRecord> records;  // numbers given by the store
    // Leaves out what is for sessions that do not live (any more), unless the answer of that key is
    // kept. Checked in the atomic write itself: who does not own the partition cannot tell by
    // reading, which may show an older state than was acknowledged.
    bool only_live = false;
    std::string unless_answered;
    // Whoever sent these was told that they are taken: no session ends without its owner having
    // heard of them.
    bool promised = false;
};

struct InboxAnswer {
    static constexpr std::uint64_t kRepetition = 0;
    static constexpr std::uint64_t kNobodyThere = ~std::uint64_t{0};
    // One a record: the number it got, or why it was left out.
    std::vector<std::uint64_t> numbers;
};

// Sessions are listed by what they are: those that go on, which whoever takes a partition over
// reads, apart from those that have ended and not expired, of which there may be many times as
// many.
enum class SessionPhase : std::uint8_t { kLive, kEnded };
inline constexpr std::array kSessionPhases = {SessionPhase::kLive, SessionPhase::kEnded};

struct SessionPage {
    std::vector<SessionRecord> sessions;  // with "meta" and "state" only
    std::string next;                     // cursor; empty at the end
};

struct TimerPage {
    std::vector<TimerRecord> timers;  // by due time
    bool more = false;
};

struct AnswerPage {
    std::vector<AnswerRecord> answers;
    std::string next;  // cursor; empty at the end
};

// A partition beside its sessions, timers, boxes and answers.
struct PartitionRecord {
    Epoch epoch = 0;         // 0: nobody claimed it yet
    std::uint32_t node = 0;  // that claimed it last
    // The number that the next inbox or outbox entry gets.
    std::uint64_t next_number = 1;
    // Partitions whose events were appended to the inbox, with their last number
    // (InboxAppend::from_numbers).
    std::vector<std::pair<Partition, std::uint64_t>> senders;
    // Raised by every write of an owner, in stores that several processes can reach; else 0.
    std::uint64_t revision = 0;

    bool operator==(const PartitionRecord&) const = default;
};

// Records of one partition as another store had them, with their numbers.
struct ImportBatch {
    Partition partition = 0;
    Epoch epoch = 0;                      // of the importer's claim
    std::vector<SessionRecord> sessions;  // whole, also ended ones
    std::vector<TimerRecord> timers;
    std::vector<InboxRecord> inbox;
    std::vector<OutboxRecord> outbox;
    std::vector<AnswerRecord> answers;
    std::vector<JournalRecord> journal;
    // The partition's own number is raised to it.
    std::uint64_t next_number = 0;
    std::vector<std::pair<Partition, std::uint64_t>> senders;
};

struct Facts {
    std::string kind;  // "memory", "embedded", "redis"
    Partition partition_count = kPartitionsDefault;
    // Sessions survive the process.
    bool durable = true;
};

// An uploaded document's current version.
struct DocumentName {
    std::string name;
    std::string hash;
    UnixMillis changed_ms = 0;
};

// Counters for /metrics; all since open.
struct StoreCounters {
    std::uint64_t commits = 0;  // session commits
    std::uint64_t batches = 0;  // commit() calls
    std::uint64_t groups = 0;   // atomic writes to the medium (fsyncs)
    std::uint64_t bytes = 0;    // handed to the medium
    std::uint64_t waiting = 0;  // batches queued now
};

// Whether the store can make anything durable now. While it cannot, commits wait (they are tried
// again, not refused), so the server takes no new work.
struct StoreHealth {
    // What is made durable now; each includes the ones behind it.
    enum class Service : std::uint8_t {
        kAll,
        kRunning,  // what happens to sessions that are there: no room for new ones
        kEnding,   // what ends sessions
        kNone,
    };

    bool ready = true;
    // Why not, for people: what is away, since when, and the option to look at. No secrets.
    std::string reason;
    Service service = ready ? Service::kAll : Service::kNone;

    [[nodiscard]] bool serves(Service wanted) const { return service <= wanted; }
};

class Store {
  public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    [[nodiscard]] virtual Facts facts() const = 0;

    // Takes the partition for `node` by raising its epoch; from then on older epochs are fenced.
    virtual void claim(Partition partition, std::uint32_t node, Done<Epoch> done) = 0;

    // For clusters (store/nodes.h). All are durable when answered.
    // NOLINTBEGIN(performance-unnecessary-value-param): those who override it keep what they get
    //
    // Compare-and-set of one node's record.
    virtual void beat(NodeBeat beat, Done<BeatAnswer> done) {
        static_cast<void>(beat);
        done(has_no_cluster());
    }
    // All records, by node, acting before standby.
    virtual void list_nodes(Done<std::vector<NodeRecord>> done) { done(has_no_cluster()); }
    // Removes the record when it is of that instance; says whether it was.
    virtual void remove_node(NodeId node, bool standby, std::uint64_t instance, Done<bool> done) {
        static_cast<void>(node), static_cast<void>(standby), static_cast<void>(instance);
        done(has_no_cluster());
    }
    // claim() that succeeds only when owner and epoch are as expected.
    virtual void claim_from(Partition partition, Ownership expected, NodeId node,
                            Done<ClaimAnswer> done) {
        static_cast<void>(partition), static_cast<void>(expected), static_cast<void>(node);
        done(has_no_cluster());
    }
    // Hands the partition back: it then belongs to nobody, its epoch stays. The caller has no
    // commit under way; it need not have claimed the partition itself. kFenced when the epoch is
    // not the partition's. Repetitions have no effect.
    virtual void release(Partition partition, Epoch epoch, Done<bool> done) {
        static_cast<void>(partition), static_cast<void>(epoch);
        done(has_no_cluster());
    }
    // A part of the store that is away holds the answer up for a moment only. An error when no part
    // answers.
    virtual void list_owners(Done<OwnerList> done) { done(has_no_cluster()); }
    // NOLINTEND(performance-unnecessary-value-param)

    // Durable when answered. kOverloaded when the bounded queue is full (nothing was taken).
    virtual void commit(CommitBatch batch, Done<CommitAnswer> done) = 0;
    virtual void append_inbox(InboxAppend append, Done<InboxAnswer> done) = 0;

    virtual void load_session(const SessionId& session,
                              Done<std::optional<SessionRecord>> done) = 0;
    // Those of one phase, oldest first; `cursor` empty for the first page. A page may hold fewer
    // than `limit`, even none, and not be the last: only an empty `next` says so.
    virtual void list_sessions(Partition partition, SessionPhase phase, const std::string& cursor,
                               std::size_t limit, Done<SessionPage> done) = 0;
    // Timers with after_due <= due_ms < before_due, with number order as tie-break; pages by
    // raising after_due is the caller's business: `skip` timers are left out first.
    virtual void list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                             std::size_t limit, std::size_t skip, Done<TimerPage> done) = 0;
    // The timers of one session.
    virtual void session_timers(const SessionId& session, Done<std::vector<TimerRecord>> done) = 0;
    virtual void list_inbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                            Done<std::vector<InboxRecord>> done) = 0;
    virtual void list_outbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                             Done<std::vector<OutboxRecord>> done) = 0;
    // Newest first; empty when the journal is off.
    virtual void list_journal(const SessionId& session, std::size_t limit,
                              Done<std::vector<JournalRecord>> done) = 0;
    virtual void find_answer(Partition partition, const std::string& key,
                             Done<std::optional<AnswerRecord>> done) = 0;

    // Documents by content hash: immutable. put is durable when answered.
    virtual void put_document(const std::string& hash, const std::string& bytes,
                              Done<bool> done) = 0;
    virtual void find_document(const std::string& hash, Done<std::optional<std::string>> done) = 0;
    virtual void put_document_name(const DocumentName& name, Done<bool> done) = 0;
    virtual void find_document_name(const std::string& name,
                                    Done<std::optional<DocumentName>> done) = 0;
    virtual void list_document_names(Done<std::vector<DocumentName>> done) = 0;

    // For moving partitions between stores (`fermata store`).
    // NOLINTBEGIN(performance-unnecessary-value-param): those who override it keep what they get
    virtual void read_partition(Partition partition, Done<PartitionRecord> done) {
        static_cast<void>(partition);
        done(cannot_be_moved());
    }
    virtual void list_answers(Partition partition, const std::string& cursor, std::size_t limit,
                              Done<AnswerPage> done) {
        static_cast<void>(partition), static_cast<void>(cursor), static_cast<void>(limit);
        done(cannot_be_moved());
    }
    // All or nothing, and a repetition writes the same again; says how many sessions are new.
    // kConflict when a session of that id is there with another sequence number or creation time;
    // kFenced as for commits.
    virtual void import_records(ImportBatch batch, Done<std::size_t> done) {
        static_cast<void>(batch);
        done(cannot_be_moved());
    }
    // NOLINTEND(performance-unnecessary-value-param)

    // Deletes what expired before `now_ms` (end records, answers), at most `limit` of each; says
    // how many.
    virtual void expire(UnixMillis now_ms, std::size_t limit, Done<std::size_t> done) = 0;

    [[nodiscard]] virtual StoreCounters counters() const = 0;

    // Asked for every request that brings new work: cheap, and never waits.
    [[nodiscard]] virtual StoreHealth health() const { return {}; }
    // The same for one partition: of a store on several servers a part may be away. health() is not
    // ready when any partition is not.
    [[nodiscard]] virtual StoreHealth partition_health(Partition /*partition*/) const {
        return health();
    }

    // Flushes what was taken, answers every callback, and closes. Idempotent.
    virtual void close() = 0;

  private:
    [[nodiscard]] Error has_no_cluster() const {
        return {ErrorCode::kInvalidArgument, "the " + facts().kind + " store keeps no cluster"};
    }
    [[nodiscard]] Error cannot_be_moved() const {
        return {ErrorCode::kInvalidArgument,
                "records of the " + facts().kind + " store cannot be moved"};
    }
};

// How much of the journal is kept; section [journal].
struct JournalOptions {
    // length: runs kept per session (newest); 0 turns the journal off.
    std::uint32_t length = 0;
};

}  // namespace fermata::store
