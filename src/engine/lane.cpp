#include "engine/lane.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "engine/run.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

// Commits in one batch: enough to make the cost of a batch vanish, few enough that one batch stays
// small for the store.
constexpr std::size_t kBatchCommitsMax = 1000;

// One allocation for what is about to be added: growing step by step costs more than the commits
// themselves when a million sessions fill the heap.
template <typename T>
void make_room(std::vector<T>& list, std::size_t more) {
    const std::size_t needed = std::min(list.size() + more, kBatchCommitsMax);
    if (needed > list.capacity()) {
        list.reserve(std::max(needed, list.capacity() * 2));
    }
}

log::Level level_of(const scxml::LogEffect& entry) {
    // ORS's levels: 1 debug, 2 standard, 3 interaction, 4 error (alarm).
    switch (entry.level) {
        case 1:
            return log::Level::kDebug;
        case 4:
            return log::Level::kError;
        default:
            return log::Level::kInfo;
    }
}

}  // namespace

Lane::Lane(Shard& shard, Partition number, std::uint64_t seed)
    : partition(number), index(seed), timers(seed), inbox(shard, *this), shard_(shard) {
    building_.partition = number;
    if (is_clustered()) {
        state = LaneState::kClosed;
    }
}

LiveSession* Lane::find_live(const SessionId& session) const {
    const auto entry = index.find(session);
    if (!entry || entry->presence != Presence::kActive) {
        return nullptr;
    }
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the index keeps the owner's reference as a number.
    return reinterpret_cast<LiveSession*>(entry->slot);
}

void Lane::make_ready(LiveSession& session) {
    if (!session.ready && !session.ended && !session.parked && !session.queue.empty()) {
        session.ready = true;
        ready_.push_back(&session);
        wake();
    }
}

void Lane::set_entry(const SessionId& session, const IndexEntry& entry) {
    if (!index.insert(session, entry)) {
        index.update(session, entry);
    }
    sessions_known.store(index.size(), std::memory_order_relaxed);
}

void Lane::erase_entry(const SessionId& session) {
    index.erase(session);
    sessions_known.store(index.size(), std::memory_order_relaxed);
}

void Lane::remove_outbox(std::uint64_t number) {
    outbox_removed_.push_back(number);
    count_outbox(-1);
    wake();
}

void Lane::remove_inbox(std::uint64_t number) {
    inbox_removed_.push_back(number);
    wake();
}

void Lane::count_outbox(int change) {
    outbox_pending.store(
        outbox_pending.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(change),
        std::memory_order_relaxed);
}

void Lane::wake() {
    if (!awake_) {
        awake_ = true;
        shard_.add_awake(*this);
    }
}

void Lane::turn() {
    awake_ = false;
    if (is_serving()) {
        run_ready();
        send();
    } else if (state == LaneState::kClosing) {
        close_when_quiet();
    }
}

void Lane::run_ready() {
    make_room(building_.sessions, ready_.size());
    make_room(building_pending_, ready_.size());
    // Runs may make further sessions ready (a session that waits for nothing but its own earlier
    // run).
    for (std::size_t next = 0; next < ready_.size() && building_.sessions.size() < kBatchCommitsMax;
         ++next) {
        LiveSession& session = *ready_[next];
        if (!session.in_batch) {
            session.ready = false;
            ready_[next] = nullptr;
            Run(shard_, *this, session).consume();
            make_ready(session);
        }
    }
    std::erase(ready_, nullptr);
}

bool Lane::is_quiet() const {
    return ready_.empty() && !in_flight_ && durable_.empty() && building_.sessions.empty() &&
           outbox_removed_.empty() && inbox_removed_.empty();
}

void Lane::add(store::SessionCommit commit, PendingCommit pending) {
    if (pending.session != nullptr) {
        pending.session->in_batch = true;
    }
    building_.sessions.push_back(std::move(commit));
    building_pending_.push_back(std::move(pending));
    wake();
}

PendingCommit* Lane::newest_pending(const LiveSession& session) {
    for (auto* list : {&building_pending_, &flying_, &durable_}) {
        for (PendingCommit& pending : *list) {
            if (pending.session == &session) {
                return &pending;
            }
        }
    }
    return nullptr;
}

void Lane::send() {
    const bool has_work =
        !building_.sessions.empty() || !outbox_removed_.empty() || !inbox_removed_.empty();
    if (in_flight_ || !durable_.empty() || !has_work) {
        return;
    }
    in_flight_ = true;
    for (PendingCommit& pending : building_pending_) {
        if (pending.session != nullptr) {
            pending.session->in_batch = false;
        }
    }
    flying_ = std::exchange(building_pending_, {});
    store::CommitBatch batch = std::exchange(building_, {});
    building_.partition = partition;
    batch.epoch = epoch;
    batch.outbox_removed = std::exchange(outbox_removed_, {});
    batch.inbox_removed = std::exchange(inbox_removed_, {});
    Tally::add(shard_.tally().commits, batch.sessions.size());
    shard_.store().commit(std::move(batch), [this, sent = generation, mailbox = shard_.mailbox()](
                                                Result<store::CommitAnswer> answer) {
        mailbox->post_answer([this, sent, answer = std::move(answer)]() mutable {
            if (sent == generation) {
                on_answer(std::move(answer));
            }
        });
    });
}

void Lane::on_answer(Result<store::CommitAnswer> answer) {
    in_flight_ = false;
    wake();
    if (!answer) {
        reset(answer.error());
        return;
    }
    FERMATA_CHECK(answer->sessions.size() == flying_.size());
    for (const store::SessionAnswer& session : answer->sessions) {
        if (session.status != store::CommitStatus::kCommitted) {
            // kAlready does not tell the numbers of what the commit added: reading them again is
            // the way to know.
            reset(Error(ErrorCode::kUnavailable, "the store holds another version of a session"));
            return;
        }
    }
    durable_ = std::exchange(flying_, {});
    durable_answers_ = std::move(answer->sessions);
    let_out();
}

void Lane::let_out() {
    if (durable_.empty() || !lets_out()) {
        return;
    }
    std::vector<PendingCommit> durable = std::exchange(durable_, {});
    const std::vector<store::SessionAnswer> answers = std::exchange(durable_answers_, {});
    letting_out_ = true;
    for (std::size_t at = 0; at < durable.size(); ++at) {
        set_free(durable[at], answers[at]);
    }
    letting_out_ = false;
}

void Lane::set_free(PendingCommit& pending, const store::SessionAnswer& answer) {
    LiveSession& session = *pending.session;
    --session.commits_waiting;
    if (pending.creates) {
        Tally::add(shard_.tally().started, 1);
    }
    if (pending.ends) {
        Tally::add(shard_.tally().ended, 1);
    }
    if (pending.failed) {
        Tally::add(shard_.tally().failed, 1);
    }
    publish(pending);
    for (const std::unique_ptr<Waiter>& waiter : pending.waiters) {
        waiter->done(pending.seq);
    }
    for (Response& response : pending.responses) {
        shard_.requests().respond(std::move(response));
    }
    carry_out(pending, answer);
    if (pending.ends) {
        retire(session);
    }
}

void Lane::carry_out(PendingCommit& pending, const store::SessionAnswer& answer) {
    LiveSession& session = *pending.session;
    std::uint64_t number = answer.first_outbox_number;
    for (std::size_t at = 0; at < pending.outbox.size(); ++at, ++number) {
        shard_.outbox().carry_out(
            *this, OutboxEntry{number, session.id, pending.seq, pending.outbox_n[at]},
            std::move(pending.outbox[at]));
    }
    number = answer.first_inbox_number;
    for (Posted& posted : pending.inbox) {
        posted.delivery->inbox_number = number++;
        shard_.deliver(posted.target, std::move(posted.delivery));
    }
    if (pending.parked > 0) {
        session.queue.for_each([&number](Delivery& delivery) {
            if (delivery.self && delivery.inbox_number == 0) {
                delivery.inbox_number = number++;
            }
        });
        session.parked = false;
        make_ready(session);
    }
}

void Lane::publish(PendingCommit& pending) {
    for (const scxml::LogEffect& entry : pending.logs) {
        log::write(level_of(entry), "chart",
                   {{"session", pending.session->id.to_string()},
                    {"label", entry.label},
                    {"value", entry.value.to_text()}});
    }
    if (pending.moments.empty()) {
        shard_.surrounds().live.skip(1);
    } else {
        shard_.surrounds().live.publish(std::move(pending.moments));
    }
}

void Lane::retire(LiveSession& session) {
    const Error gone(ErrorCode::kNotFound, "session " + session.id.to_string() + " has ended");
    shard_.requests().end_session(session.id);
    while (std::unique_ptr<Delivery> delivery = session.queue.pop()) {
        // Its inbox entries were deleted together with it.
        delivery->inbox_number = 0;
        shard_.discard(*this, *delivery, gone);
    }
    erase_entry(session.id);
    shard_.drop(session);
}

void Lane::fail_waiters(const Error& reason) {
    for (auto* list : {&durable_, &flying_, &building_pending_}) {
        fail(*list, reason);
    }
    for (const GatedCall& call : std::exchange(gated_, {})) {
        call(reason);
    }
}

void Lane::fail(std::vector<PendingCommit>& commits, const Error& reason) {
    for (const PendingCommit& pending : std::exchange(commits, {})) {
        for (const std::unique_ptr<Waiter>& waiter : pending.waiters) {
            waiter->done(reason);
        }
    }
}

}  // namespace fermata::engine
