// Lane: one partition as its shard drives it: the index of its sessions, those that wait for a run,
// the commit batch that is being built, and the one that is on its way to the store.
//
// One batch is under way at a time; what becomes ready meanwhile goes into the next one (group
// commit), and sessions run on into it. A session has at most one commit in a batch. When a batch
// is answered, the outputs of its commits are set free: callers are answered, events delivered,
// outbox entries carried out.
//
// A batch that fails leaves the fate of its commits unknown. The lane then forgets everything that
// was not acknowledged, answers kUnavailable for it, and recovers from what the store has; only
// kFenced ends it for good.
//
// With an Ownership (in a cluster) the lane is opened at an epoch that others claimed, and a lane
// that would start over is closed instead: Ownership::on_lost() leads to a new epoch. What commits
// set free leaves the lane only while the lease runs; otherwise the lane pauses, holds it back in
// order, and makes no further commit:
//
//   closed ──open──► recovering ──► serving ⇄ (paused) ──close──► closing ──► closed
//
// Threads: the shard's thread only, but for index.contains() and the atomics.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/delivery.h"
#include "engine/inbox.h"
#include "engine/live_session.h"
#include "engine/record_codec.h"
#include "engine/response.h"
#include "engine/session_index.h"
#include "engine/timer_queue.h"
#include "engine/view.h"
#include "scxml/effects.h"
#include "store/store.h"

namespace fermata::engine {

class Shard;

struct Posted {
    SessionId target;
    std::unique_ptr<Delivery> delivery;
};

// What a commit sets free when it is durable.
struct PendingCommit {
    LiveSession* session = nullptr;
    std::uint64_t seq = 0;
    bool creates = false;
    bool ends = false;
    bool failed = false;  // ends with SessionStatus::kError
    std::vector<std::unique_ptr<Waiter>> waiters;
    std::vector<OutboxPayload> outbox;    // in the order of SessionCommit::outbox_added
    std::vector<std::uint32_t> outbox_n;  // their n
    std::vector<Posted> inbox;            // in the order of SessionCommit::inbox_added, then
    std::uint32_t parked = 0;             // the session's own events that stay in its queue
    std::vector<Response> responses;      // to held requests
    std::vector<scxml::LogEffect> logs;
    std::vector<LiveMoment> moments;
};

enum class LaneState : std::uint8_t {
    kClosed,  // in a cluster: another instance owns the partition, or nobody
    kRecovering,
    kServing,
    kClosing,  // takes nothing new, finishes its commits
    kLost,     // without a cluster: fenced, another instance owns the partition
};

// An error that tells nothing about a session.
constexpr bool says_nothing(ErrorCode code) {
    return code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout ||
           code == ErrorCode::kOverloaded || code == ErrorCode::kFenced;
}

class Lane {
  public:
    Lane(Shard& shard, Partition partition, std::uint64_t seed);
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    ~Lane() = default;

    const Partition partition;
    SessionIndex index;
    std::atomic<LaneState> state = LaneState::kRecovering;
    store::Epoch epoch = 0;
    // Raised by every reset: callbacks that were under way before it find that they are stale.
    std::uint64_t generation = 0;
    // Outbox entries not yet removed, and sessions in the index; written by the shard, read by any
    // thread.
    std::atomic<std::uint64_t> outbox_pending = 0;
    std::atomic<std::uint64_t> sessions_known = 0;
    // Orders to open or drop that the shard has not carried out: until then the lane is one of the
    // past, whatever the lease says of the partition. Raised by whoever gives them.
    std::atomic<std::uint32_t> orders_pending = 0;
    TimerQueue timers;
    Inbox inbox;
    // HTTP sends of its outbox that are with the outside.
    std::size_t http_under_way = 0;

    [[nodiscard]] bool is_serving() const { return state.load() == LaneState::kServing; }
    // Belongs to this instance, as far as it knows.
    [[nodiscard]] bool is_open() const {
        const LaneState now = state.load();
        return now == LaneState::kRecovering || now == LaneState::kServing;
    }
    // The lease runs, and is this lane's. Any thread.
    [[nodiscard]] bool has_lease() const;
    // Open, and nothing may leave it: the lease ran out.
    [[nodiscard]] bool is_paused() const { return paused_.load(std::memory_order_relaxed); }
    // Serves, and may say so.
    [[nodiscard]] bool takes_calls() { return is_serving() && lets_out(); }
    // Why not, for calls that nothing was done for.
    [[nodiscard]] Error refusal() const;
    // The live session, or null when it is not in memory (or not there at all).
    [[nodiscard]] LiveSession* find_live(const SessionId& session) const;

    void set_entry(const SessionId& session, const IndexEntry& entry);
    void erase_entry(const SessionId& session);
    // Carried out, or without a session that could consume it: removed from the store with the next
    // batch.
    void remove_outbox(std::uint64_t number);
    void remove_inbox(std::uint64_t number);
    // Removed by a session's own commit.
    void count_outbox(int change);

    // --- ownership (lane_ownership.cpp)
    // Answers and effects may leave the process now; when not, the lane pauses.
    [[nodiscard]] bool lets_out();
    // Claimed for this instance at that epoch.
    void open(store::Epoch claimed);
    void pause_unless_served();
    // Lets out what was held back, when the lease runs.
    void resume();
    // `done` is called when all is committed and forgotten; not when the lane is lost before.
    void close(std::function<void()> done);
    void drop();
    // An answer that waits while the lane is paused; kFenced when it is forgotten meanwhile. For
    // answers that need no commit: those that do are held back with it.
    template <typename T>
    std::function<void(Result<T>)> gated(std::function<void(Result<T>)> done);

    void make_ready(LiveSession& session);
    // Runs what is ready into the batch, then sends the batch when none is under way.
    void turn();
    // Nothing to run, nothing under way, nothing to send.
    [[nodiscard]] bool is_quiet() const;

    void add(store::SessionCommit commit, PendingCommit pending);
    // The pending commit that a reader of `session` must wait for; null when all is durable.
    [[nodiscard]] PendingCommit* newest_pending(const LiveSession& session);
    // Starts over: forgets everything, tells those who wait, and recovers; or stays lost.
    void reset(const Error& reason);
    // Answers `reason` to all who wait for a commit or in a queue of this lane.
    void fail_waiters(const Error& reason);
    // Has itself called in the shard's next turn.
    void wake();

  private:
    using GatedCall = std::function<void(const Result<void>&)>;

    // What those are told whose commit is at the store, and those for whom nothing was done.
    struct Farewell {
        Error unknown;
        Error undone;
    };

    [[nodiscard]] bool is_clustered() const;
    static void fail(std::vector<PendingCommit>& commits, const Error& reason);
    void pause();
    void pass_gate(GatedCall call);
    // Forgets sessions, timers and everything under way; answers to it come to nothing.
    void forget(const Farewell& farewell);
    void refuse_queued(const Error& reason) const;
    void close_when_quiet();
    // In the closing state: everything is durable, and was let out.
    [[nodiscard]] bool is_finished() const;
    void run_ready();
    void send();
    void on_answer(Result<store::CommitAnswer> answer);
    void let_out();
    void set_free(PendingCommit& pending, const store::SessionAnswer& answer);
    void carry_out(PendingCommit& pending, const store::SessionAnswer& answer);
    void publish(PendingCommit& pending);
    void retire(LiveSession& session);

    Shard& shard_;
    std::vector<LiveSession*> ready_;
    store::CommitBatch building_;
    std::vector<PendingCommit> building_pending_;
    std::vector<PendingCommit> flying_;
    // Durable, and not let out yet.
    std::vector<PendingCommit> durable_;
    std::vector<store::SessionAnswer> durable_answers_;
    std::vector<GatedCall> gated_;  // in order; waiting for the lease
    std::function<void()> closed_;  // whom to tell, while closing
    std::vector<std::uint64_t> outbox_removed_;
    std::vector<std::uint64_t> inbox_removed_;
    std::atomic<bool> paused_ = false;
    bool in_flight_ = false;
    bool awake_ = false;
    bool letting_out_ = false;
    bool close_overdue_ = false;
};

template <typename T>
std::function<void(Result<T>)> Lane::gated(std::function<void(Result<T>)> done) {
    if (!is_clustered()) {
        return done;
    }
    return [this, asked = generation, done = std::move(done)](Result<T> answer) {
        if (!answer && says_nothing(answer.error().code())) {
            done(std::move(answer));
            return;
        }
        if (asked != generation) {
            done(refusal());
            return;
        }
        pass_gate([done, answer = std::move(answer)](const Result<void>& served) mutable {
            done(served ? std::move(answer) : Result<T>(served.error()));
        });
    };
}

}  // namespace fermata::engine
