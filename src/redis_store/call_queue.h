// CallQueue: what one partition's owner asks of Redis: its numbered calls one at a time in order,
// claims between them, and reads that must not see a history that went back.
//
// A call that was lost by Redis although it was answered (a fail-over, a restart) is made again
// before anything else happens to the partition: see docs/decisions/0007-redo-by-numbered-calls.md.
//
//   idle ──call/claim──► sent ──OK──► idle
//                          │BEHIND            look says so
//                          ▼                     ▲
//                        redo ──all made──► idle ──primary changed──► look
//                          └─not in the log──► lost until the next claim
//
// Ownership: by RedisStore; the client is closed before it goes. Threads: the client's thread only,
// and fail() after the client was closed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "redis/client.h"
#include "redis_store/call.h"
#include "redis_store/commit_encoder.h"
#include "redis_store/keys.h"
#include "redis_store/replay_log.h"
#include "store/store.h"

namespace fermata::redis_store {

// What an operator should know of calls that are made again: how often since open, but the last.
struct RedoCounters {
    std::uint64_t calls_redone = 0;
    std::uint64_t redos = 0;                // times that a partition's history went back
    std::uint64_t partitions_lost = 0;      // times that the log did not reach back far enough
    std::uint64_t calls_dropped_early = 0;  // from the log, because of redis-replay-bytes
    std::uint64_t logged_bytes = 0;         // in the log now
};

// What all queues of one store share. `calls` counts script calls that were applied.
struct CallSurrounds {
    redis::Client& client;
    const Keys& keys;
    const Lifetimes& lifetimes;
    ReplayLog& log;
    // Of the client's thread: stands still while a primary is away, so that nothing grows too old
    // to be made again meanwhile.
    std::function<ReplayLog::Moment()> now;
    std::string appender;  // name of this store object, unlike any other's
    RedoCounters counters;
    std::atomic<std::uint64_t> calls = 0;  // any thread may read it
};

// Reads who owns the partition.
redis::Command owner_command(const Keys& keys, Partition partition);
store::Ownership owner_of(redis::ReplyView reply);

class CallQueue {
  public:
    CallQueue(CallSurrounds& surrounds, Partition partition)
        : surrounds_(surrounds), partition_(partition) {}
    CallQueue(const CallQueue&) = delete;
    CallQueue& operator=(const CallQueue&) = delete;
    ~CallQueue() = default;

    // Appends need no claim. Errors: kFenced, kUnavailable (claim again; the message says why),
    // kInternal, kCorrupt.
    void call(Call call);
    struct Claim {
        store::NodeId node = store::kNobody;
        std::string token;  // another one each time, of this store object only
        // Nothing: whoever owns the partition.
        std::optional<store::Ownership> expected;
        store::Done<store::ClaimAnswer> done;
    };
    void claim(Claim claim);
    // A read of one key or script, repeated when the history went back meanwhile. Past its deadline
    // it is answered kUnavailable or kTimeout, perhaps not at once.
    using Deadline = std::optional<std::chrono::steady_clock::time_point>;
    void read(redis::Command command, std::function<void(Result<redis::Reply>)> done,
              Deadline deadline = std::nullopt);
    // Redis may have lost something: look before anything else is done.
    void suspect();
    // Answers all that wait; nothing may be sent any more.
    void fail(const Error& error);

    // Claimed by this process, and not fenced or lost since.
    [[nodiscard]] store::Epoch epoch() const { return epoch_; }
    [[nodiscard]] bool is_idle() const { return !is_busy_ && jobs_.empty() && held_.empty(); }
    // Redis is known to have all that was answered.
    [[nodiscard]] bool is_settled() const { return !is_suspect_ && !is_redoing_; }
    // Nothing in the expiry table is due before this moment.
    UnixMillis expiry_hint = Call::kNeverExpires;

  private:
    using Job = std::variant<Call, Claim>;
    struct HeldRead {
        redis::Command command;
        std::function<void(Result<redis::Reply>)> done;
        Deadline deadline;
    };
    // The owner key as it is stored.
    struct Stored {
        store::Epoch epoch = 0;
        std::uint64_t call = 0;
        store::NodeId node = store::kNobody;
    };
    enum class Step { kGoOn, kBusy };

    void go_on();
    Step begin_front();
    Step begin_call(Call& call);
    void send_foreign();
    void on_call_answer(const Result<redis::Reply>& reply);
    void finish_call(const CallAnswer& answer);
    [[nodiscard]] Error refusal(store::Epoch epoch) const;
    [[nodiscard]] Error fenced(store::Epoch stored, store::Epoch of_call) const;

    void look(std::function<void(const Stored&)> then);
    void compare(const Stored& stored);
    // Redis lacks something that was answered.
    [[nodiscard]] bool is_behind(const Stored& stored) const;
    void send_claim(const Stored& stored);
    void on_claim_answer(const Result<redis::Reply>& reply, store::Epoch expected);
    void finish_claim(Result<store::ClaimAnswer> answer);

    void redo(const Stored& stored);
    void redo_claim();
    void redo_from(std::uint64_t number);
    void on_redo_answer(std::uint64_t number, const Result<redis::Reply>& reply);
    void end_redo();

    void lose_history(std::uint64_t missing);

    // This partition is not ours any more, or Redis has less of it than we can make good.
    void lose(const Error& why);
    using Make = std::function<redis::Command()>;
    using Then = std::function<void(const Result<redis::Reply>&)>;
    // Makes the command once more when the client has no room for it at the moment.
    void send(Make make, redis::Request::Kind kind, Then then);
    // For the call at the front.
    void send_unnumbered(Make make);
    void hand_over();
    void on_reply(const Result<redis::Reply>& reply);
    void release_reads();
    void expire_reads();

    CallSurrounds& surrounds_;
    const Partition partition_;
    std::deque<Job> jobs_;
    std::vector<HeldRead> held_;
    store::Epoch epoch_ = 0;
    std::uint64_t call_ = 0;  // number of the last applied call
    Claim claim_;             // the last one made, without its callback
    std::uint64_t claim_next_ = 0;
    std::uint64_t foreign_number_ = 0;
    store::Epoch lost_epoch_ = 0;  // answered with lost_why_
    std::optional<Error> lost_why_;
    // Raised whenever the stored history may have gone back: what was read before does not count.
    std::uint64_t generation_ = 0;
    struct Sent {
        Make make;
        redis::Request::Kind kind = redis::Request::Kind::kRead;
        Then then;
    };
    Sent sent_;  // while is_busy_
    bool is_busy_ = false;
    bool is_suspect_ = false;
    bool is_redoing_ = false;
};

}  // namespace fermata::redis_store
