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
// Threads: the shard's thread only, but for index.contains() and the atomics.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/delivery.h"
#include "engine/live_session.h"
#include "engine/record_codec.h"
#include "engine/session_index.h"
#include "engine/view.h"
#include "scxml/effects.h"
#include "store/store.h"

namespace fermata::engine {

class Shard;

// Answer of a chart to a held request, let go when its commit is durable.
struct Response {
    std::string request;
    std::string event;
    value::Value data;
};

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
    std::vector<Response> responses;
    std::vector<scxml::LogEffect> logs;
    std::vector<LiveMoment> moments;
};

enum class LaneState : std::uint8_t {
    kRecovering,
    kServing,
    kLost,  // fenced: another instance owns the partition
};

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
    // Inbox entries up to this number were delivered by the recovery.
    std::uint64_t inbox_recovered = 0;

    [[nodiscard]] bool is_serving() const {
        return state.load(std::memory_order_relaxed) == LaneState::kServing;
    }
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

    void make_ready(LiveSession& session);
    // Runs what is ready into the batch, then sends the batch when none is under way.
    void turn();
    // Nothing to run, nothing under way, nothing to send.
    [[nodiscard]] bool is_quiet() const;

    void add(store::SessionCommit commit, PendingCommit pending);
    // The pending commit that a reader of `session` must wait for; null when all is durable.
    [[nodiscard]] PendingCommit* newest_pending(const LiveSession& session);
    // Forgets everything that is not durable, tells those who wait, and recovers; or stays lost.
    void reset(const Error& reason);
    // Answers `reason` to all who wait for a commit or in a queue of this lane.
    void fail_waiters(const Error& reason);

  private:
    // Has itself called in the shard's next turn.
    void wake();
    void send();
    void on_answer(Result<store::CommitAnswer> answer);
    void set_free(PendingCommit& pending, const store::SessionAnswer& answer);
    void carry_out(PendingCommit& pending, const store::SessionAnswer& answer);
    void publish(PendingCommit& pending);
    void retire(LiveSession& session);

    Shard& shard_;
    std::vector<LiveSession*> ready_;
    store::CommitBatch building_;
    std::vector<PendingCommit> building_pending_;
    std::vector<PendingCommit> flying_;
    std::vector<std::uint64_t> outbox_removed_;
    std::vector<std::uint64_t> inbox_removed_;
    bool in_flight_ = false;
    bool awake_ = false;
};

}  // namespace fermata::engine
