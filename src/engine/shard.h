// Shard: one thread with everything that its sessions need: script runtime, interpreter, timers,
// live sessions, and one Lane for each of its partitions (partition p belongs to shard p % shards).
//
// Shards share nothing but charts, the hub of live streams, and each other's mailboxes. A turn of
// the loop: take what was posted, fire due timers and alarms, run the sessions that are ready, hand
// one batch per partition to the store, go on without waiting.
//
// Ownership: owned by the Engine; keeps references to the parts in Surrounds, which must outlive
// it. Threads: start(), stop(), mailbox() and tally() from any thread; everything else on the
// shard's own thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "engine/answer_cache.h"
#include "engine/births.h"
#include "engine/chart_cache.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/live_hub.h"
#include "engine/live_session.h"
#include "engine/lobby.h"
#include "engine/mailbox.h"
#include "engine/outbox.h"
#include "engine/ownership.h"
#include "engine/patience.h"
#include "engine/recovery_queue.h"
#include "engine/requests.h"
#include "engine/restores.h"
#include "script/data_model.h"
#include "scxml/interpreter.h"

namespace fermata::engine {

// What all shards share.
struct Surrounds {
    const Options& options;
    store::Store& store;
    Outside& outside;
    const Clock& clock;
    Ownership* ownership;  // null: all partitions are this engine's own
    ChartCache& charts;
    LiveHub& live;
    Partition partition_count;
    std::vector<std::unique_ptr<Shard>>& shards;
};

// Counted by the shard's thread, read by any.
struct Tally {
    std::atomic<std::uint64_t> active{0}, started{0}, ended{0}, failed{0}, restored{0};
    std::atomic<std::uint64_t> events{0}, macrosteps{0}, commits{0}, timers_pending{0},
        timers_fired{0};
    std::atomic<std::uint64_t> refused{0}, script_bytes{0}, macrostep_ns{0};

    // The only writer is the shard: no locked instruction is needed.
    static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
        counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
};

class Shard {
  public:
    Shard(std::uint32_t number, const Surrounds& surrounds, std::uint64_t seed);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    // Begins with the recovery of all lanes; `ready` is told from the shard's thread, once, when
    // all are served, or why not. In the background (Options) it is told at once, and a lane that
    // cannot be recovered is tried again. With an Ownership all lanes begin closed.
    void start(std::function<void(Result<void>)> ready);
    // Later calls are refused. The thread ends when all is durable, or at once when `deadline` has
    // passed: of std::chrono::steady_clock, since it bounds the caller's patience and not anything
    // that a test's clock moves.
    void begin_stop(std::chrono::nanoseconds deadline);
    // Waits for the thread, which answers kUnavailable to everybody who still waits.
    void finish_stop();
    [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
    [[nodiscard]] Tally& tally() { return tally_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Lane>>& lanes() const { return lanes_; }

    // From here on: the shard's thread only.

    [[nodiscard]] const Surrounds& surrounds() const { return surrounds_; }
    [[nodiscard]] const Options& options() const { return surrounds_.options; }
    [[nodiscard]] store::Store& store() const { return surrounds_.store; }
    [[nodiscard]] UnixMillis now_ms() const { return surrounds_.clock.now_ms(); }
    [[nodiscard]] RecordFormat record_format() const {
        return format_to_write(surrounds_.ownership);
    }
    [[nodiscard]] std::uint32_t number() const { return number_; }
    [[nodiscard]] Shard& shard_of(Partition partition) const;
    // The lane of a partition of this shard.
    [[nodiscard]] Lane& lane_of(Partition partition) const;
    [[nodiscard]] Lane& lane_of(const SessionId& session) const {
        return lane_of(session.partition());
    }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] script::Runtime& runtime() { return *runtime_; }
    [[nodiscard]] scxml::Interpreter& interpreter() { return interpreter_; }
    [[nodiscard]] SessionList& sessions() { return sessions_; }
    [[nodiscard]] AnswerCache& answers() { return answers_; }
    [[nodiscard]] Births& births() { return births_; }
    [[nodiscard]] Lobby& lobby() { return lobby_; }
    [[nodiscard]] RecoveryQueue& recoveries() { return recoveries_; }
    [[nodiscard]] Patience& patience_of_calls() { return calls_; }
    [[nodiscard]] Restores& restores() { return restores_; }
    [[nodiscard]] Outbox& outbox() { return outbox_; }
    [[nodiscard]] Requests& requests() { return requests_; }
    [[nodiscard]] bool is_stopping() const { return stopping_; }

    // Runs `task` on this shard's thread: now when that is the caller's, else through the mailbox.
    void run_here(Task task);
    // Runs `task` in the next turn; for callbacks that must not come back into the middle of their
    // caller.
    void run_later(Task task) { mailbox_->post_answer(std::move(task)); }
    // Runs `task` after `delay`, unless the shard ends before.
    void run_after(std::chrono::milliseconds delay, Task task);

    // Timers of sessions of this shard; each partition's are with its lane.
    void set_timer(const SessionId& session, std::uint64_t number, UnixMillis due_ms);
    void remove_timer(const SessionId& session, std::uint64_t number);
    void forget_timers(Lane& lane);
    // The lane has no lease: it is resumed when it has one again.
    void watch(Lane& lane);

    // Puts a delivery into the session's queue, restoring or awaiting the session when it must; or
    // discards it when there is no such session, or its queue is full.
    void deliver(const SessionId& session, std::unique_ptr<Delivery> delivery);
    void enqueue(LiveSession& session, std::unique_ptr<Delivery> delivery);
    // Answers the waiter, and removes the delivery from where it is stored.
    void discard(Lane& lane, Delivery& delivery, const Error& reason);
    // A session is there, or is about to be: may it be sent to?
    [[nodiscard]] bool is_reachable(const SessionId& session) const;
    // Takes a session into memory.
    LiveSession& adopt(Lane& lane, std::unique_ptr<LiveSession> session);
    // Drops it from memory; the index entry is the caller's business.
    void drop(LiveSession& session);
    // When its turn comes; tried again while it fails.
    void recover(Lane& lane);
    // A line in the log when no lane of this shard is served any more.
    void tell_if_all_is_lost() const;
    // The lane has something to do in this turn.
    void add_awake(Lane& lane) { awake_.push_back(&lane); }

  private:
    void finish_loop();
    void loop(const std::function<void(Result<void>)>& ready);
    void recover_all(const std::function<void(Result<void>)>& ready);
    void fail_everybody();
    void turn();
    void fire_timers();
    void resume_paused();
    void fire_alarms();
    void passivate_idle();
    void end_old_sessions();
    void expire_records();
    void schedule_housekeeping();
    [[nodiscard]] std::chrono::milliseconds patience() const;
    [[nodiscard]] bool is_drained() const;

    const std::uint32_t number_;
    const Surrounds surrounds_;
    const std::uint64_t seed_;
    Tally tally_;
    std::shared_ptr<Mailbox> mailbox_;
    Random random_;
    std::unique_ptr<script::Runtime> runtime_;
    scxml::Interpreter interpreter_;
    std::vector<DueTimer> due_;
    UnixMillis timers_due_ms_;  // no timer is due before
    std::size_t timers_pending_ = 0;
    std::size_t timers_turn_ = 0;  // whose timers come first
    std::vector<std::unique_ptr<Lane>> lanes_;
    SessionList sessions_;
    AnswerCache answers_;
    Births births_;
    Lobby lobby_;
    RecoveryQueue recoveries_;
    Patience calls_;
    Restores restores_;
    Outbox outbox_;
    Requests requests_;
    std::vector<Lane*> awake_;
    std::vector<Lane*> paused_;
    std::multimap<UnixMillis, Task> alarms_;
    std::vector<Task> tasks_;
    bool stopping_ = false;
    std::atomic<bool> stop_asked_ = false;
    std::atomic<std::int64_t> stop_deadline_ns_{0};
    std::atomic<std::thread::id> thread_id_;
    std::jthread thread_;
};

}  // namespace fermata::engine
