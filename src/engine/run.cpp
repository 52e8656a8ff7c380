#include "engine/run.h"

#include <utility>

#include "base/log.h"
#include "engine/shard.h"

namespace fermata::engine {

Run::Run(Shard& shard, Lane& lane, LiveSession& session)
    : shard_(shard), lane_(lane), session_(session), now_ms_(shard.now_ms()) {
    session_.used_ms = now_ms_;
    if (shard.surrounds().live.is_recording() || shard.options().journal.length > 0) {
        recorder_ = std::make_unique<MomentRecorder>(session.id, session.name(), now_ms_);
    }
}

void Run::start(const SessionMeta& meta, const Parameters& parameters,
                std::unique_ptr<Waiter> waiter, std::uint64_t outbox_number) {
    touched_ = true;
    if (waiter != nullptr) {
        pending_.waiters.push_back(std::move(waiter));
    }
    if (outbox_number != 0) {
        commit_.outbox_removed.push_back(outbox_number);
        lane_.count_outbox(-1);
    }
    commit_.fields.push_back({"meta", encode(meta, shard_.record_format())});
    pending_.creates = true;
    if (recorder_ != nullptr) {
        recorder_->add(LiveMoment::Kind::kStarted, session_.name());
    }
    begin_macrostep();
    shard_.interpreter().start(session_.scxml, parameters, *this, effects_, recorder_.get());
    end_macrostep();
    // What it sent to itself meanwhile belongs to the same run.
    consume();
}

void Run::schedule(const SessionMeta& meta, std::unique_ptr<Waiter> waiter) {
    touched_ = true;
    if (waiter != nullptr) {
        pending_.waiters.push_back(std::move(waiter));
    }
    commit_.fields.push_back({"meta", encode(meta, shard_.record_format())});
    pending_.creates = true;
    set_timer(meta.start_at_ms.value_or(now_ms_), {}, StartTimer{});
    finish();
}

void Run::consume() {
    const SessionLimits& limits = shard_.options().session;
    const auto has_room = [&] {
        return macrosteps_ < limits.macrosteps_per_run_max &&
               effects_taken_ < limits.effects_per_run_max;
    };
    // A macrostep that invoked ends the run: the child is started before its parent sees the next
    // event.
    while (!end_ && !session_.queue.empty() && has_room() && !has_invoked_) {
        take(session_.queue.pop());
    }
    finish();
}

void Run::take(std::unique_ptr<Delivery> delivery) {
    if (delivery->self && delivery->inbox_number == 0) {
        --self_waiting_;
    }
    if (delivery->inbox_number != 0) {
        commit_.inbox_removed.push_back(delivery->inbox_number);
        touched_ = true;
    }
    if (delivery->outbox_number != 0) {
        commit_.outbox_removed.push_back(delivery->outbox_number);
        lane_.count_outbox(-1);
        touched_ = true;
    }
    if (delivery->waiter != nullptr) {
        pending_.waiters.push_back(std::move(delivery->waiter));
        touched_ = true;
    }
    switch (delivery->kind) {
        case Delivery::Kind::kEvent:
            take_event(*delivery);
            break;
        case Delivery::Kind::kTimer:
            take_timer(*delivery);
            break;
        case Delivery::Kind::kSetTimer:
            set_timer(delivery->due_ms, {}, EventTimer{std::move(delivery->event)});
            break;
        case Delivery::Kind::kTerminate:
        case Delivery::Kind::kCancel:
        case Delivery::Kind::kExpire:
            cancel(delivery->kind);
            break;
    }
}

void Run::take_event(const Delivery& delivery) {
    if (is_from_ended_child(delivery)) {
        return;
    }
    const value::Event& event = delivery.event;
    step(event);
    // done.invoke, or the error in its place: the child is no more.
    if (delivery.child && event.type == value::EventType::kPlatform && session_.rare != nullptr) {
        std::erase_if(session_.rare->invokes,
                      [&](const auto& invoke) { return invoke.second == *delivery.child; });
    }
}

// SCXML 6.4: what a child sent before it was cancelled must not be seen by its parent afterwards.
// That it ended by itself is seen all the same, unless a new child goes by its name: nobody could
// tell the two apart.
bool Run::is_from_ended_child(const Delivery& delivery) const {
    if (!delivery.child || delivery.event.invokeid.empty()) {
        return false;
    }
    bool has_successor = false;
    if (session_.rare != nullptr) {
        if (session_.rare->parent == *delivery.child) {
            return false;  // a forwarded copy of what a sibling sent
        }
        for (const auto& invoke : session_.rare->invokes) {
            if (invoke.second == *delivery.child) {
                return false;
            }
            has_successor = has_successor || invoke.first == delivery.event.invokeid;
        }
    }
    return has_successor || !delivery.event.name.starts_with("done.invoke.");
}

void Run::take_timer(const Delivery& delivery) {
    const std::optional<PendingTimer> timer = session_.timers.take(delivery.timer_number);
    if (!timer) {
        return;  // cancelled after it was due
    }
    touched_ = true;
    commit_.timers_removed.emplace_back(timer->due_ms(), timer->number());
    Tally::add(shard_.tally().timers_fired, 1);
    auto decoded = decode_timer(timer->payload());
    if (!decoded) {
        log::error("a timer is damaged",
                   {{"session", session_id()}, {"reason", decoded.error().message()}});
        return;
    }
    if (auto* send = std::get_if<SendTimer>(&*decoded)) {
        send->send.delay_ms = 0;
        carry_send(send->send);
    } else if (auto* event = std::get_if<EventTimer>(&*decoded)) {
        step(event->event);
    } else if (std::holds_alternative<StartTimer>(*decoded)) {
        start_scheduled();
    } else {
        cancel(Delivery::Kind::kExpire);
    }
}

void Run::step(const value::Event& event) {
    if (!session_.scxml.state.running) {
        return;
    }
    touched_ = true;
    Tally::add(shard_.tally().events, 1);
    begin_macrostep();
    shard_.interpreter().step(session_.scxml, event, *this, effects_, recorder_.get());
    end_macrostep();
}

void Run::begin_macrostep() {
    began_ = shard_.surrounds().clock.steady();
    deadline_ = began_ + shard_.options().session.process_event_timeout;
}

void Run::end_macrostep() {
    ++macrosteps_;
    Tally::add(shard_.tally().macrosteps, 1);
    const auto spent = shard_.surrounds().clock.steady() - began_;
    Tally::add(shard_.tally().macrostep_ns, static_cast<std::uint64_t>(spent.count()));
    map_effects();
}

void Run::start_scheduled() {
    if (session_.rare == nullptr || session_.rare->scheduled == nullptr) {
        return;
    }
    const std::unique_ptr<SessionMeta> meta = std::move(session_.rare->scheduled);
    const Parameters parameters = std::exchange(meta->params, {});
    meta->start_at_ms.reset();
    commit_.fields.push_back({"meta", encode(*meta, shard_.record_format())});
    if (recorder_ != nullptr) {
        recorder_->add(LiveMoment::Kind::kStarted, session_.name());
    }
    begin_macrostep();
    shard_.interpreter().start(session_.scxml, parameters, *this, effects_, recorder_.get());
    end_macrostep();
}

void Run::cancel(Delivery::Kind kind) {
    touched_ = true;
    ended_by_ = kind;
    if (session_.scxml.state.running) {
        begin_macrostep();
        shard_.interpreter().cancel(session_.scxml, *this, effects_, recorder_.get());
        end_macrostep();
    }
    if (!end_) {
        end_.emplace();  // it was never started
    }
    end_->status =
        kind == Delivery::Kind::kExpire ? SessionStatus::kError : SessionStatus::kCancelled;
    if (kind == Delivery::Kind::kExpire) {
        end_->detail =
            "max-session-age (" + std::to_string(shard_.options().session_age_max.count()) + " s)";
    }
}

void Run::fail(const std::string& detail) {
    touched_ = true;
    end_.emplace();
    end_->status = SessionStatus::kError;
    end_->detail = detail;
    finish();
}

std::vector<script::IoProcessor> Run::io_processors() const {
    std::vector<script::IoProcessor> processors;
    processors.push_back({std::string(scxml::kScxmlProcessor), "#_scxml_" + session_id()});
    std::string location = shard_.surrounds().outside.basic_http_location(session_id());
    if (!location.empty()) {
        processors.push_back({std::string(scxml::kBasicHttpProcessor), std::move(location)});
    }
    return processors;
}

bool Run::should_stop() const {
    return shard_.surrounds().clock.steady() >= deadline_;
}

bool Run::is_reachable(std::string_view target) const {
    constexpr std::string_view kSessionPrefix = "#_scxml_";
    if (target.starts_with("#_request_")) {
        return true;  // a request that is not held any more takes no answer, which is no error
    }
    if (target == "#_parent") {
        return session_.rare != nullptr && session_.rare->parent.has_value();
    }
    if (target.starts_with(kSessionPrefix)) {
        const SessionId id = SessionId::parse_or_name(target.substr(kSessionPrefix.size()),
                                                      shard_.surrounds().partition_count);
        return id == session_.id || shard_.is_reachable(id);
    }
    return target.starts_with("#_") && session_.find_child(target.substr(2)) != nullptr;
}

std::string Run::unique_id() {
    return "id" + std::to_string(session_.unique_id_next++);
}

}  // namespace fermata::engine
