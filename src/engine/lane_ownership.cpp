// Lane, part two: how it comes to own its partition, pauses, and parts with it.
#include <chrono>
#include <utility>

#include "base/log.h"
#include "engine/lane.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

// Before a lane whose batch failed reads everything again.
constexpr std::chrono::milliseconds kRecoverDelay{200};
// How long a closing lane waits for HTTP sends and appends that are on their way. What is not
// settled then is left to the next owner, who finds it in the outbox and sends it again with the
// same id; shorter than callers would notice, longer than most receivers take.
constexpr std::chrono::milliseconds kCloseOutboxWait{300};

Error elsewhere(Partition partition) {
    return Error(ErrorCode::kFenced,
                 "partition " + std::to_string(partition) + " belongs to another instance");
}

}  // namespace

bool Lane::is_clustered() const {
    return shard_.surrounds().ownership != nullptr;
}

Error Lane::refusal() const {
    if (state == LaneState::kRecovering) {
        return Error(ErrorCode::kUnavailable,
                     "partition " + std::to_string(partition) + " is being recovered");
    }
    return elsewhere(partition);
}

bool Lane::lets_out() {
    pause_unless_served();
    return !is_paused();
}

bool Lane::has_lease() const {
    const Ownership* const ownership = shard_.surrounds().ownership;
    return ownership == nullptr || (orders_pending == 0 && ownership->serves(partition));
}

void Lane::pause_unless_served() {
    const bool is_held = state == LaneState::kClosing || is_open();
    if (is_paused() || !is_held || has_lease()) {
        return;
    }
    paused_ = true;
    // The lease may be prolonged without anybody noticing that it had run out.
    shard_.watch(*this);
}

void Lane::resume() {
    if (!is_paused() || !has_lease()) {
        return;
    }
    paused_ = false;
    let_out();
    for (const GatedCall& call : std::exchange(gated_, {})) {
        call({});
    }
    shard_.outbox().resume(*this);
    shard_.lobby().reopen(*this);
    wake();
}

void Lane::pass_gate(GatedCall call) {
    const bool is_held = state == LaneState::kClosing || is_open();
    if (!letting_out_ && !is_held) {
        call(elsewhere(partition));
    } else if (letting_out_ || lets_out()) {
        call({});
    } else {
        gated_.push_back(std::move(call));
    }
}

void Lane::open(store::Epoch claimed) {
    if (state != LaneState::kClosed) {
        drop();
    }
    epoch = claimed;
    state = LaneState::kRecovering;
    shard_.recover(*this);
}

void Lane::drop() {
    if (state == LaneState::kClosed) {
        return;
    }
    state = LaneState::kClosed;
    forget({Error(ErrorCode::kUnavailable,
                  "the partition of the session went to another instance; whether the request was "
                  "carried out is not known"),
            elsewhere(partition)});
}

// What waits in queues is not run any more: calls are told to go to the next owner, everything else
// is in the store and found there.
void Lane::close(std::function<void()> done) {
    if (state != LaneState::kServing) {
        drop();
        done();
        return;
    }
    state = LaneState::kClosing;
    closed_ = std::move(done);
    close_overdue_ = false;
    const Error reason = elsewhere(partition);
    refuse_queued(reason);
    shard_.births().forget(*this, reason);
    shard_.restores().forget(*this, reason);
    shard_.lobby().reopen(*this);
    shard_.run_after(kCloseOutboxWait, [this, closing = generation] {
        if (closing == generation) {
            close_overdue_ = true;
            wake();
        }
    });
    wake();
}

void Lane::close_when_quiet() {
    send();
    if (is_finished()) {
        std::function<void()> done = std::move(closed_);
        drop();
        done();
    }
}

bool Lane::is_finished() const {
    return !in_flight_ && durable_.empty() && building_.sessions.empty() &&
           outbox_removed_.empty() && inbox_removed_.empty() &&
           (close_overdue_ || shard_.outbox().is_quiet(*this));
}

void Lane::refuse_queued(const Error& reason) const {
    index.for_each([&](const SessionId& id, const IndexEntry&) {
        LiveSession* const session = find_live(id);
        if (session == nullptr) {
            return;
        }
        while (const std::unique_ptr<Delivery> delivery = session->queue.pop()) {
            if (delivery->waiter != nullptr) {
                delivery->waiter->done(reason);
            }
        }
    });
}

void Lane::forget(const Farewell& farewell) {
    // Sent to the store, or not; told first, since later errors count for less.
    for (auto* list : {&durable_, &flying_}) {
        fail(*list, farewell.unknown);
    }
    fail(building_pending_, farewell.undone);
    refuse_queued(farewell.undone);
    shard_.births().forget(*this, farewell.undone);
    shard_.restores().forget(*this, farewell.undone);
    for (const GatedCall& call : std::exchange(gated_, {})) {
        call(farewell.undone);
    }
    if (is_clustered()) {
        shard_.requests().end_partition(partition, farewell.unknown);
    }
    ++generation;
    shard_.outbox().forget(*this);
    shard_.recoveries().forget(*this);
    shard_.forget_timers(*this);
    inbox.forget();
    ready_.clear();
    building_ = {};
    building_.partition = partition;
    durable_answers_.clear();
    outbox_removed_.clear();
    inbox_removed_.clear();
    outbox_pending = 0;
    http_under_way = 0;
    in_flight_ = false;
    paused_ = false;
    closed_ = nullptr;
    std::vector<std::pair<SessionId, LiveSession*>> known;
    index.for_each(
        [&](const SessionId& id, const IndexEntry&) { known.emplace_back(id, find_live(id)); });
    for (const auto& [id, session] : known) {
        erase_entry(id);
        if (session != nullptr) {
            shard_.drop(*session);
        }
    }
    shard_.lobby().reopen(*this);
}

void Lane::reset(const Error& reason) {
    const bool is_fenced = reason.code() == ErrorCode::kFenced;
    log::error(is_fenced ? "another instance took over a partition: it is not served here any more"
                         : "partition starts over from the store",
               {{"partition", partition}, {"reason", reason.to_string()}});
    const Error unknown(ErrorCode::kUnavailable,
                        "the partition of the session starts over: " + reason.message());
    if (is_clustered()) {
        // Not read again at this epoch: its last commits may still arrive.
        const store::Epoch lost = epoch;
        state = LaneState::kClosed;
        forget({unknown, elsewhere(partition)});
        shard_.surrounds().ownership->on_lost(partition, lost);
        return;
    }
    state = is_fenced ? LaneState::kLost : LaneState::kRecovering;
    forget({unknown, unknown});
    if (is_fenced) {
        shard_.tell_if_all_is_lost();
    } else {
        shard_.run_after(kRecoverDelay, [this] { shard_.recover(*this); });
    }
}

}  // namespace fermata::engine
