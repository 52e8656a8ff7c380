#include "engine/shard.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/log.h"

namespace fermata::engine {
namespace {

// The longest sleep: timers stand in wall-clock time, and that clock may be set while we sleep.
constexpr std::chrono::milliseconds kSleepMax{50};
constexpr std::chrono::milliseconds kStopPatience{2};
constexpr std::chrono::milliseconds kHousekeeping{10'000};
constexpr std::chrono::milliseconds kRecoverRetry{1'000};
// Timers fired in one turn: a shard that wakes up late to many goes on with other work in between.
constexpr std::size_t kTimersPerTurn = 1000;
constexpr std::size_t kPassivatedPerTurn = 1000;
constexpr std::size_t kExpiredPerRound = 1000;
// How often lanes without a lease look whether they have one again: a small part of what callers
// wait anyway.
constexpr std::chrono::milliseconds kLeaseLook{20};
constexpr UnixMillis kNever = std::numeric_limits<UnixMillis>::max();

}  // namespace

Shard::Shard(std::uint32_t number, const Surrounds& surrounds, std::uint64_t seed)
    : number_(number),
      surrounds_(surrounds),
      seed_(seed),
      mailbox_(std::make_shared<Mailbox>(surrounds.options.queue_length_max)),
      random_(seed),
      interpreter_(surrounds.options.session),
      timers_due_ms_(kNever),
      answers_(*this),
      births_(*this),
      lobby_(*this),
      recoveries_(*this),
      calls_(*this),
      restores_(*this),
      outbox_(*this),
      requests_(*this) {
    const std::uint32_t shards = surrounds.options.shards;
    for (std::uint32_t partition = number; partition < surrounds.partition_count;
         partition += shards) {
        lanes_.push_back(std::make_unique<Lane>(*this, static_cast<Partition>(partition), seed));
    }
}

Shard::~Shard() = default;

void Shard::start(std::function<void(Result<void>)> ready) {
    thread_ = std::jthread([this, ready = std::move(ready)] { loop(ready); });
}

void Shard::begin_stop(std::chrono::nanoseconds deadline) {
    stop_deadline_ns_ = deadline.count();
    stop_asked_ = true;
    mailbox_->post_answer([] {});
}

void Shard::finish_stop() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Shard::loop(const std::function<void(Result<void>)>& ready) {
    thread_id_ = std::this_thread::get_id();
    // Here and not in the constructor: the script engine measures its stack from the thread that
    // made it.
    auto runtime = script::Runtime::create({surrounds_.options.session});
    if (!runtime) {
        ready(runtime.error());
        return;
    }
    runtime_ = *std::move(runtime);
    recover_all(ready);
    schedule_housekeeping();
    while (true) {
        mailbox_->take(tasks_, patience());
        for (Task& task : tasks_) {
            task();
            task = nullptr;
        }
        turn();
        stopping_ = stop_asked_;
        if (stopping_ &&
            (is_drained() ||
             std::chrono::steady_clock::now().time_since_epoch().count() >= stop_deadline_ns_)) {
            finish_loop();
            return;
        }
    }
}

void Shard::finish_loop() {
    mailbox_->close();
    // Commits that became durable meanwhile are answered as such.
    mailbox_->take(tasks_, std::chrono::milliseconds(0));
    for (const Task& task : tasks_) {
        task();
    }
    tasks_.clear();
    fail_everybody();
    // What belongs to the script engine goes on the thread that it lived on.
    while (sessions_.oldest() != nullptr) {
        sessions_.remove(*sessions_.oldest());
    }
    runtime_.reset();
}

void Shard::recover_all(const std::function<void(Result<void>)>& ready) {
    struct Progress {
        std::size_t left;
        std::function<void(Result<void>)> ready;
    };
    if (lanes_.empty() || surrounds_.ownership != nullptr) {
        ready({});
        return;
    }
    if (options().recovers_in_background) {
        ready({});
        for (const std::unique_ptr<Lane>& lane : lanes_) {
            recover(*lane);
        }
        return;
    }
    auto progress = std::make_shared<Progress>(Progress{lanes_.size(), ready});
    for (const std::unique_ptr<Lane>& lane : lanes_) {
        recoveries_.add(*lane, [progress](const Result<void>& outcome) {
            --progress->left;
            if (progress->ready && (!outcome || progress->left == 0)) {
                std::exchange(progress->ready, nullptr)(outcome);
            }
        });
    }
}

void Shard::recover(Lane& lane) {
    recoveries_.add(lane, [this, &lane](const Result<void>& outcome) {
        if (!outcome) {
            log::warning("a partition cannot be recovered now",
                         {{"partition", lane.partition}, {"reason", outcome.error().to_string()}});
            run_after(kRecoverRetry, [this, &lane, failed = lane.generation] {
                if (failed == lane.generation) {
                    recover(lane);
                }
            });
        }
    });
}

void Shard::tell_if_all_is_lost() const {
    const bool all = std::all_of(lanes_.begin(), lanes_.end(),
                                 [](const auto& lane) { return lane->state == LaneState::kLost; });
    if (all) {
        log::error("another instance took over all partitions of this shard: it serves no sessions",
                   {{"shard", number_}});
    }
}

void Shard::turn() {
    fire_timers();
    fire_alarms();
    // Lanes that wake up while others are at it have their turn now, too.
    for (std::size_t next = 0; next < awake_.size(); ++next) {
        awake_[next]->turn();
    }
    awake_.clear();
    passivate_idle();
    tally_.active.store(sessions_.size(), std::memory_order_relaxed);
    tally_.timers_pending.store(timers_pending_, std::memory_order_relaxed);
}

std::chrono::milliseconds Shard::patience() const {
    if (stop_asked_) {
        return kStopPatience;
    }
    UnixMillis next = std::min(now_ms() + kSleepMax.count(), timers_due_ms_);
    if (!alarms_.empty()) {
        next = std::min(next, alarms_.begin()->first);
    }
    return std::chrono::milliseconds(std::max<UnixMillis>(0, next - now_ms()));
}

void Shard::fire_timers() {
    if (timers_due_ms_ == kNever || timers_due_ms_ > now_ms()) {
        return;
    }
    const UnixMillis now = now_ms();
    due_.clear();
    timers_due_ms_ = kNever;
    ++timers_turn_;  // another lane first each time: none waits for those with many
    for (std::size_t at = 0; at < lanes_.size(); ++at) {
        Lane& lane = *lanes_[(timers_turn_ + at) % lanes_.size()];
        if (!lane.is_serving()) {
            continue;
        }
        lane.timers.pop_due(now, kTimersPerTurn - due_.size(), due_);
        timers_due_ms_ = std::min(timers_due_ms_, lane.timers.next_due().value_or(kNever));
    }
    timers_pending_ -= due_.size();
    for (const DueTimer& timer : due_) {
        auto delivery = std::make_unique<Delivery>();
        delivery->kind = Delivery::Kind::kTimer;
        delivery->timer_number = timer.number;
        delivery->due_ms = timer.due_ms;
        deliver(timer.session, std::move(delivery));
    }
}

void Shard::set_timer(const SessionId& session, std::uint64_t number, UnixMillis due_ms) {
    if (lane_of(session).timers.add(session, number, due_ms)) {
        ++timers_pending_;
        timers_due_ms_ = std::min(timers_due_ms_, due_ms);
    }
}

void Shard::remove_timer(const SessionId& session, std::uint64_t number) {
    if (lane_of(session).timers.remove(session, number)) {
        --timers_pending_;
    }
}

void Shard::forget_timers(Lane& lane) {
    timers_pending_ -= lane.timers.size();
    lane.timers = TimerQueue(seed_);
}

void Shard::watch(Lane& lane) {
    paused_.push_back(&lane);
    if (paused_.size() == 1) {
        run_after(kLeaseLook, [this] { resume_paused(); });
    }
}

void Shard::resume_paused() {
    for (Lane* const lane : std::exchange(paused_, {})) {
        lane->resume();
        if (lane->is_paused() && std::find(paused_.begin(), paused_.end(), lane) == paused_.end()) {
            watch(*lane);
        }
    }
}

void Shard::run_after(std::chrono::milliseconds delay, Task task) {
    alarms_.emplace(now_ms() + delay.count(), std::move(task));
}

void Shard::fire_alarms() {
    const UnixMillis now = alarms_.empty() ? 0 : now_ms();
    while (!alarms_.empty() && alarms_.begin()->first <= now) {
        const Task task = std::move(alarms_.begin()->second);
        alarms_.erase(alarms_.begin());
        task();
    }
}

Shard& Shard::shard_of(Partition partition) const {
    return *surrounds_.shards[partition % surrounds_.shards.size()];
}

Lane& Shard::lane_of(Partition partition) const {
    return *lanes_[partition / surrounds_.shards.size()];
}

void Shard::run_here(Task task) {
    if (std::this_thread::get_id() == thread_id_.load(std::memory_order_relaxed)) {
        task();
    } else {
        mailbox_->post_answer(std::move(task));
    }
}

void Shard::deliver(const SessionId& session, std::unique_ptr<Delivery> delivery) {
    Lane& lane = lane_of(session);
    if (!lane.is_serving()) {
        // What is stored comes again from the store when the lane recovers.
        if (delivery->waiter != nullptr) {
            delivery->waiter->done(lane.refusal());
        }
        return;
    }
    const auto entry = lane.index.find(session);
    if (!entry) {
        if (births_.is_coming(session)) {
            births_.hold(session, std::move(delivery));
        } else {
            discard(lane, *delivery,
                    Error(ErrorCode::kNotFound, "there is no session " + session.to_string()));
        }
    } else if (entry->presence == Presence::kActive) {
        enqueue(*lane.find_live(session), std::move(delivery));
    } else {
        restores_.hold(lane, session, std::move(delivery));
    }
}

void Shard::enqueue(LiveSession& session, std::unique_ptr<Delivery> delivery) {
    Lane& lane = lane_of(session.id);
    const bool is_event =
        delivery->kind == Delivery::Kind::kEvent || delivery->kind == Delivery::Kind::kSetTimer;
    if (is_event && session.rare != nullptr && session.rare->scheduled != nullptr) {
        discard(lane, *delivery,
                Error(ErrorCode::kConflict,
                      "session " + session.id.to_string() + " has not started yet"));
        return;
    }
    const SessionLimits& limits = options().session;
    if (delivery->kind == Delivery::Kind::kSetTimer && session.timers.size() >= limits.timers_max) {
        discard(lane, *delivery,
                Error(ErrorCode::kOverloaded,
                      "max-timers (" + std::to_string(limits.timers_max) + ")"));
        return;
    }
    if (is_event && delivery->waiter != nullptr && delivery->inbox_number == 0 &&
        session.queue.size() >= limits.pending_events_max) {
        Tally::add(tally_.refused, 1);
        discard(lane, *delivery,
                Error(ErrorCode::kOverloaded, "max-pending-events (" +
                                                  std::to_string(limits.pending_events_max) +
                                                  ") of session " + session.id.to_string()));
        return;
    }
    session.used_ms = now_ms();
    sessions_.touch(session);
    if (delivery->promised) {
        session.queue.push_before_waiting(std::move(delivery));
    } else {
        session.queue.push(std::move(delivery));
    }
    lane.make_ready(session);
}

void Shard::discard(Lane& lane, Delivery& delivery, const Error& reason) {
    if (delivery.inbox_number != 0) {
        lane.remove_inbox(delivery.inbox_number);
    }
    if (delivery.outbox_number != 0) {
        lane.remove_outbox(delivery.outbox_number);
    }
    if (delivery.waiter != nullptr) {
        delivery.waiter->done(reason);
    }
}

bool Shard::is_reachable(const SessionId& session) const {
    const Shard& owner = shard_of(session.partition());
    const Lane& lane = owner.lane_of(session);
    if (!lane.is_serving() || !lane.has_lease()) {
        return true;  // not known here: what turns out to be wrong is found when the event arrives
    }
    if (&owner != this) {
        // A hint, from another thread; a lane that forgets its sessions is not served any more
        // before it does.
        return lane.index.contains(session) || !lane.is_serving();
    }
    if (const LiveSession* const live = lane.find_live(session)) {
        return !live->ended;
    }
    return lane.index.find(session).has_value() || births_.is_coming(session);
}

LiveSession& Shard::adopt(Lane& lane, std::unique_ptr<LiveSession> session) {
    session->used_ms = now_ms();
    LiveSession& adopted = sessions_.add(std::move(session));
    IndexEntry entry;
    entry.presence = Presence::kActive;
    entry.created_s = static_cast<std::uint32_t>(adopted.created_ms / 1000);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the index keeps references as numbers.
    entry.slot = reinterpret_cast<std::uintptr_t>(&adopted);
    lane.set_entry(adopted.id, entry);
    return adopted;
}

void Shard::drop(LiveSession& session) {
    sessions_.remove(session);
}

void Shard::passivate_idle() {
    const std::uint64_t active_max =
        std::max<std::uint64_t>(1, options().active_max / surrounds_.shards.size());
    const UnixMillis idle_since = now_ms() - options().passivate_after.count();
    for (std::size_t count = 0; count < kPassivatedPerTurn && sessions_.oldest() != nullptr;
         ++count) {
        LiveSession& session = *sessions_.oldest();
        if (sessions_.size() <= active_max && session.used_ms > idle_since) {
            return;
        }
        if (!session.is_idle()) {
            session.used_ms = std::max(session.used_ms, idle_since + 1);
            sessions_.touch(session);
            continue;
        }
        IndexEntry entry;
        const bool is_scheduled = session.rare != nullptr && session.rare->scheduled != nullptr;
        entry.presence = is_scheduled ? Presence::kScheduled : Presence::kPassivated;
        entry.created_s = static_cast<std::uint32_t>(session.created_ms / 1000);
        lane_of(session.id).set_entry(session.id, entry);
        drop(session);
    }
}

void Shard::schedule_housekeeping() {
    run_after(kHousekeeping, [this] {
        end_old_sessions();
        if (number_ == 0) {
            expire_records();
        }
        tally_.script_bytes.store(runtime_->memory_used(), std::memory_order_relaxed);
        schedule_housekeeping();
    });
}

void Shard::end_old_sessions() {
    const std::int64_t born_before = now_ms() / 1000 - options().session_age_max.count();
    std::vector<SessionId> old;
    for (const std::unique_ptr<Lane>& lane : lanes_) {
        lane->index.for_each([&](const SessionId& session, const IndexEntry& entry) {
            if (entry.created_s < born_before && old.size() < kExpiredPerRound) {
                old.push_back(session);
            }
        });
    }
    for (const SessionId& session : old) {
        auto delivery = std::make_unique<Delivery>();
        delivery->kind = Delivery::Kind::kExpire;
        deliver(session, std::move(delivery));
    }
}

void Shard::expire_records() {
    store().expire(now_ms(), kExpiredPerRound,
                   [this, mailbox = mailbox_](Result<std::size_t> count) {
                       if (count && *count >= kExpiredPerRound) {
                           mailbox->post_answer([this] { expire_records(); });
                       }
                   });
}

bool Shard::is_drained() const {
    return std::all_of(lanes_.begin(), lanes_.end(),
                       [](const auto& lane) { return lane->is_quiet(); });
}

void Shard::fail_everybody() {
    const Error stopped(ErrorCode::kUnavailable, "the server stops");
    for (const std::unique_ptr<Lane>& lane : lanes_) {
        lane->fail_waiters(stopped);
    }
    for (LiveSession* session = sessions_.oldest(); session != nullptr; session = session->newer) {
        while (const auto delivery = session->queue.pop()) {
            if (delivery->waiter != nullptr) {
                delivery->waiter->done(stopped);
            }
        }
    }
    lobby_.fail_all(stopped);
    calls_.fail_all(stopped);
    births_.fail_all(stopped);
    restores_.fail_all(stopped);
    requests_.fail_all(stopped);
    answers_.fail_all(stopped);
}

}  // namespace fermata::engine
