// Engine: runs durable sessions on shards: the public face of this folder.
//
// Every session belongs to a partition, every partition to one shard, every shard to one thread.
// Calls are posted to the shard's bounded queue and answered through a callback from the shard's
// thread (or at once with kOverloaded). An answer that says success means: the commit that contains
// it is durable (guarantee 1), and nothing of it was shown outside before (output rule).
//
// Ownership: keeps references to Store, Outside and Clock, which must outlive it. Threads: every
// method from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/session_id.h"
#include "engine/outside.h"
#include "engine/ownership.h"
#include "engine/response.h"
#include "engine/view.h"
#include "scxml/finding.h"
#include "store/store.h"
#include "value/event.h"
#include "value/value.h"

namespace fermata::engine {

template <typename T>
using Answer = std::function<void(Result<T>)>;

struct Options {
    // session-processing-threads: shards; 0: one per core.
    std::uint32_t shards = 0;
    // Node id in session ids ("~7"); 0: none (sessionid-with-nodeid=false).
    std::uint32_t node = 0;
    SessionLimits session;
    DocumentLimits document;
    // max-session-age: sessions older than this are ended (ORS: 90 days).
    std::chrono::seconds session_age_max{7'776'000};
    // persistence-max-active: sessions kept in memory by all shards together; beyond it idle ones
    // are passivated.
    std::uint64_t active_max = 1'000'000;
    // passivate-after: a session idle for this long leaves memory (ours).
    std::chrono::milliseconds passivate_after{600'000};
    // ended-session-retention: how long the result of an ended session can be asked for (ours).
    std::chrono::milliseconds ended_retention{3'600'000};
    // idempotency-retention: how long the first answer to an Idempotency-Key is kept (ours).
    std::chrono::milliseconds answer_retention{86'400'000};
    // shard-queue-length: calls that wait for one shard; more are answered kOverloaded (ours).
    std::uint32_t queue_length_max = 100'000;
    // recovery-wait: how long a call waits for its partition to be recovered before it is refused
    // (ours); 0: not at all.
    std::chrono::milliseconds recovery_wait{5'000};
    // answer-timeout: how long a call waits for its answer when the store does not give it (ours);
    // 0: for ever. Requests to charts have a time-out of their own.
    std::chrono::milliseconds answer_timeout{30'000};
    // inbox-events: events put into the inbox of a partition that nobody owns, and not taken by its
    // next owner yet; each instance counts its own (ours).
    std::uint32_t inbox_events_max = 1000;
    // create() returns at once, and partitions are served one by one as they are read. For stores
    // on other machines: nobody waits for the last partition, nor for a store that is away.
    bool recovers_in_background = false;
    // max-compiler-cached-docs: compiled charts kept that no session uses.
    std::uint32_t charts_max = 1000;
    // live-buffer-length: moments kept for streams that resume (ours).
    std::uint32_t live_buffer_max = 10'000;
    // journal length: runs of a session that its journal keeps; 0: off.
    store::JournalOptions journal;
    // Seed of ids and jitter; 0: from the operating system. For tests.
    std::uint64_t seed = 0;
};

struct StartRequest {
    std::string src;       // URL of the document (document:<name> for uploaded ones), or
    std::string document;  // its text
    std::vector<std::pair<std::string, value::Value>> params;
    std::optional<UnixMillis> start_at;  // later start
    // Session id in canonical form, or a name of the client's own; empty: a new random id.
    std::string id;
    std::string idempotency_key;
};

struct StartAnswer {
    SessionId session;
    std::string key;
    // A repetition of a request with the same idempotency key: nothing new was started.
    bool repeated = false;
};

// A start that was understood: either the session, or the findings that refused its document.
struct StartOutcome {
    std::optional<StartAnswer> answer;
    scxml::Findings findings;
};

struct EventRequest {
    std::string session;  // canonical id or name
    value::Event event;
    std::chrono::milliseconds delay{0};
    std::string idempotency_key;
};

struct EventAnswer {
    std::uint64_t seq = 0;  // of the commit that consumed it, or that set its timer
    bool repeated = false;
};

// Proof that an event is in the inbox of its partition: "<partition>-<number>".
struct InboxReceipt {
    std::string id;
};

enum class ReceiptState : std::uint8_t {
    kWaiting,  // in the inbox: nobody has consumed it yet
    kTaken,    // consumed by its session, or dropped because that had ended
};

// Answer of a chart to a held request (it sends to _event.origin, "#_request_<id>").
struct ChartResponse {
    std::string event;  // name of the event it sent
    value::Value data;
};

struct ListQuery {
    std::optional<SessionStatus> status;
    std::string application;
    std::optional<std::chrono::milliseconds> older_than;
    std::optional<std::chrono::milliseconds> younger_than;
    std::size_t limit = 100;  // at most 1000
    std::string cursor;
};

// A page. It may hold less than was asked for, even nothing, and there is more nevertheless: one
// answer looks at a bounded number of sessions, whether they fit the query or not.
struct ListAnswer {
    std::vector<SessionSummary> sessions;
    std::string next;  // empty at the end
};

struct DocumentView {
    std::string name;
    std::string hash;
    UnixMillis changed_ms = 0;
    std::string bytes;
};

struct EngineCounters {
    std::uint64_t sessions_active = 0;  // in memory
    std::uint64_t sessions_passivated = 0;
    std::uint64_t sessions_started = 0;
    std::uint64_t sessions_ended = 0;
    std::uint64_t sessions_failed = 0;    // ended for a limit or a lost document
    std::uint64_t sessions_restored = 0;  // read back from the store
    std::uint64_t events = 0;             // external events processed
    std::uint64_t macrosteps = 0;
    std::uint64_t commits = 0;
    std::uint64_t timers_pending = 0;
    std::uint64_t timers_fired = 0;
    std::uint64_t outbox_pending = 0;
    std::uint64_t queue_waiting = 0;  // calls in shard queues
    std::uint64_t refused = 0;        // answered kOverloaded
    std::uint64_t charts = 0;
    std::uint64_t script_bytes = 0;
    std::uint64_t macrostep_ns = 0;           // time spent in the interpreter
    std::uint64_t partitions_served = 0;      // suspended ones included
    std::uint64_t partitions_recovering = 0;  // or waiting for their turn
    std::uint64_t partitions_suspended = 0;   // open, without a lease: nothing leaves the process
};

// A live stream: `sink` is called in order from engine threads; it must be quick and may drop. Ends
// when destroyed.
class Subscription {
  public:
    Subscription() = default;
    Subscription(const Subscription&) = delete;
    Subscription& operator=(const Subscription&) = delete;
    virtual ~Subscription() = default;
};

struct SubscribeRequest {
    std::string session;  // empty: all sessions
    std::optional<std::uint64_t>
        after_id;  // resume behind this moment, as far as the buffer reaches back
    // `gap` is true when moments between after_id and the first one were lost.
    std::function<void(const LiveMoment& moment, bool gap)> sink;
};

class Engine {
  public:
    // Claims all partitions, reads timers, inbox and outbox, and goes on where the last process
    // stopped. Returns when all is served, or before (Options::recovers_in_background).
    //
    // With an Ownership, which must outlive the engine, it claims nothing and returns at once:
    // every partition is closed until open_partition().
    static Result<std::unique_ptr<Engine>> create(const Options& options, store::Store& store,
                                                  Outside& outside, const Clock& clock,
                                                  Ownership* ownership = nullptr);
    virtual ~Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Findings of a refused document come with an empty answer; other failures are Errors.
    virtual void start(StartRequest request, Answer<StartOutcome> done) = 0;
    virtual void send(EventRequest request, Answer<EventAnswer> done) = 0;
    // Delivers an event and holds the answer open until the chart answers, the session ends
    // (kNotFound), or `timeout` (kTimeout).
    virtual void request(EventRequest request, std::chrono::milliseconds timeout,
                         Answer<ChartResponse> done) = 0;
    virtual void terminate(std::string session, std::string idempotency_key,
                           Answer<EventAnswer> done) = 0;
    virtual void query(std::string session, Answer<SessionView> done) = 0;
    virtual void list(ListQuery query, Answer<ListAnswer> done) = 0;
    // What the session did, newest run first; empty when the journal is off ([journal] length).
    virtual void journal(std::string session, std::size_t limit,
                         Answer<std::vector<JournalEntry>> done) = 0;

    // Validates and stores a document under a name; running sessions keep the version they started
    // with.
    virtual void put_document(std::string name, std::string bytes,
                              Answer<std::pair<DocumentView, scxml::Findings>> done) = 0;
    virtual void get_document(std::string name, Answer<DocumentView> done) = 0;
    virtual void list_documents(Answer<std::vector<DocumentView>> done) = 0;  // without bytes

    // --- partitions in a cluster: called by whoever decides who owns them (Ownership)
    //
    // Calls for a partition that is closed, being closed, or dropped are answered kFenced ("belongs
    // to another instance") when nothing of them was done, and kUnavailable when their commit was
    // under way: its fate is unknown. Calls for one that is being recovered or suspended wait, in
    // bounds (Options::recovery_wait).

    // Claimed for this node at that epoch: recovers it, then serves it.
    virtual void open_partition(Partition partition, store::Epoch epoch) = 0;
    // The lease ran out: no answer and no effect of any partition until it is resumed.
    virtual void suspend_partitions() = 0;
    // Still owned at the same epoch: what was held back goes out, in order.
    virtual void resume_partition(Partition partition) = 0;
    // Takes nothing new, commits what was run and lets its effects out, forgets the partition, then
    // calls `done` (any thread). Not called when the partition is lost or dropped before.
    virtual void close_partition(Partition partition, std::function<void()> done) = 0;
    // Forgets it at once.
    virtual void drop_partition(Partition partition) = 0;
    // Somebody appended to the inbox of an open partition. A hint: lanes also look now and then.
    virtual void read_inbox(Partition partition) = 0;
    // A session of another instance answered a request that this engine may hold; else nothing
    // happens (Ownership::answer_elsewhere() is the other side).
    virtual void respond(Response response) = 0;

    // Where a request belongs. Nothing: the id names no partition of this store.
    [[nodiscard]] virtual std::optional<Partition> partition_of(
        const std::string& session) const = 0;
    // Nothing: any partition will do. An id of no partition of this store comes to none here
    // either; start() refuses it.
    [[nodiscard]] virtual std::optional<Partition> partition_of(
        const StartRequest& request) const = 0;

    // For a session of a partition that nobody owns at the moment: puts the event into the store's
    // inbox, where the next owner finds it. kNotFound when the store knows no such live session,
    // kInvalidArgument for a delayed event. The idempotency key travels with the event, so that it
    // is consumed once, however often and by whichever way it is repeated.
    virtual void append_event(EventRequest request, Answer<InboxReceipt> done) = 0;
    // kNotFound for an id that is no receipt of this store.
    virtual void find_receipt(std::string id, Answer<ReceiptState> done) = 0;

    virtual std::unique_ptr<Subscription> subscribe(SubscribeRequest request) = 0;
    [[nodiscard]] virtual EngineCounters counters() const = 0;
    // Empty when ready to take work; else why not.
    [[nodiscard]] virtual std::string not_ready_reason() const = 0;

    // Finishes running macrosteps, flushes commits, answers what it can (kUnavailable for the
    // rest). Returns when done or after `bound`. Later calls are answered kUnavailable.
    virtual void stop(std::chrono::milliseconds bound) = 0;

  protected:
    Engine() = default;
};

}  // namespace fermata::engine
