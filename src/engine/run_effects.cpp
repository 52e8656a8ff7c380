// Run, part two: from the interpreter's effects to the parts of a commit (design: effects as data).
#include <utility>
#include <variant>

#include "engine/http_body.h"
#include "engine/run.h"
#include "engine/shard.h"

namespace fermata::engine {
namespace {

constexpr std::string_view kSessionPrefix = "#_scxml_";
constexpr std::string_view kRequestPrefix = "#_request_";
constexpr std::string_view kCommunication = "error.communication";
constexpr std::string_view kExecution = "error.execution";

bool is_scxml_type(std::string_view type) {
    return type.empty() || type == "scxml" || type == scxml::kScxmlInvoke ||
           type == scxml::kScxmlInvoke.substr(0, scxml::kScxmlInvoke.size() - 1);
}

}  // namespace

void Run::map_effects() {
    effects_taken_ += effects_.size();
    // Mapping never adds to effects_; the buffer is used again for the next macrostep.
    for (scxml::Effect& effect : effects_) {
        std::visit([this](auto& one) { map(one); }, effect);
    }
    effects_.clear();
}

void Run::map(scxml::SendEffect& send) {
    const std::size_t bytes_max = shard_.options().session.event_bytes_max;
    if (send.event.data.bytes().size() > bytes_max) {
        raise_error(kExecution, send.event.sendid,
                    "max-event-size (" + std::to_string(bytes_max) + ")");
        return;
    }
    if (send.delay_ms <= 0) {
        carry_send(send);
        return;
    }
    const std::uint32_t timers_max = shard_.options().session.timers_max;
    if (session_.timers.size() >= timers_max) {
        raise_error(kExecution, send.event.sendid,
                    "max-timers (" + std::to_string(timers_max) + ")");
        return;
    }
    // From now, not from when the run began: a timer is never early, however long its script took.
    const UnixMillis due_ms = shard_.now_ms() + send.delay_ms;
    const std::string sendid = send.sendid;
    set_timer(due_ms, sendid, SendTimer{std::move(send)});
}

void Run::carry_send(scxml::SendEffect& send) {
    if (send.processor == scxml::Processor::kBasicHttp) {
        send_http(send);
        return;
    }
    const std::string_view target = send.target;
    if (target.starts_with(kRequestPrefix)) {
        pending_.responses.push_back(Response{std::string(target.substr(kRequestPrefix.size())),
                                              std::move(send.event.name),
                                              std::move(send.event.data)});
        return;
    }
    send.event.type = value::EventType::kExternal;
    send.event.origin = std::string(kSessionPrefix) + session_id();
    send.event.origintype = scxml::kScxmlProcessor;
    if (target.empty()) {
        push_self(std::move(send.event));
    } else if (target == "#_parent") {
        if (session_.rare == nullptr || !session_.rare->parent) {
            raise_error(kCommunication, send.event.sendid, "there is no parent session");
            return;
        }
        send_to_session(*session_.rare->parent, send);
    } else if (target.starts_with(kSessionPrefix)) {
        send_to_session(SessionId::parse_or_name(target.substr(kSessionPrefix.size()),
                                                 shard_.surrounds().partition_count),
                        send);
    } else if (const SessionId* child =
                   target.starts_with("#_") ? session_.find_child(target.substr(2)) : nullptr) {
        send_to_session(SessionId(*child), send);
    } else {
        raise_error(kCommunication, send.event.sendid, "unknown target " + send.target);
    }
}

void Run::send_to_session(const SessionId& target, scxml::SendEffect& send) {
    if (target == session_.id) {
        push_self(std::move(send.event));
        return;
    }
    if (session_.rare != nullptr && session_.rare->parent == target) {
        send.event.invokeid = session_.rare->invokeid;
    }
    if (target.partition() != session_.id.partition()) {
        post_out(RemoteEvent{target, std::move(send.event)});
    } else if (shard_.is_reachable(target)) {
        post(target, std::move(send.event));
    } else {
        raise_error(kCommunication, send.event.sendid,
                    "session " + target.to_string() + " cannot be reached");
    }
}

void Run::send_http(scxml::SendEffect& send) {
    if (send.target.empty()) {
        raise_error(kCommunication, send.event.sendid,
                    "an HTTP send needs a target");  // SCXML C.2.2
        return;
    }
    // To itself: the same event as through the network, in its place among the others, and surely
    // once.
    if (send.target == shard_.surrounds().outside.basic_http_location(session_id())) {
        push_self(http_event_of(send));
        return;
    }
    post_out(http_delivery_of(send));
}

void Run::set_timer(UnixMillis due_ms, const std::string& sendid, const TimerPayload& payload) {
    touched_ = true;
    const std::uint64_t number = session_.timer_number_next++;
    store::TimerRecord record;
    record.session = session_.id;
    record.number = number;
    record.due_ms = due_ms;
    record.payload = encode(payload, shard_.record_format());
    session_.timers.add({number, due_ms, sendid, record.payload});
    commit_.timers_set.push_back(std::move(record));
    // It may fire before this commit is durable: the commit of the run that handles it comes behind
    // this one.
    shard_.set_timer(session_.id, number, due_ms);
}

void Run::map(scxml::CancelEffect& cancel) {
    for (const PendingTimer& timer : session_.timers.take_sent_as(cancel.sendid)) {
        const std::uint64_t number = timer.number();
        shard_.remove_timer(session_.id, number);
        // Set in this very run: the store never hears of it.
        const auto set = std::erase_if(commit_.timers_set,
                                       [&](const auto& record) { return record.number == number; });
        if (set == 0) {
            commit_.timers_removed.emplace_back(timer.due_ms(), number);
        }
    }
}

void Run::map(scxml::InvokeEffect& invoke) {
    if (!is_scxml_type(invoke.type)) {
        raise_error(kExecution, {}, "unknown invoke type " + invoke.type, invoke.invokeid);
        return;
    }
    auto& invokes = session_.rare_parts().invokes;
    const std::uint32_t invokes_max = shard_.options().session.invokes_max;
    if (invokes.size() >= invokes_max) {
        raise_error(kCommunication, {}, "max-invokes (" + std::to_string(invokes_max) + ")",
                    invoke.invokeid);
        return;
    }
    const SessionId child =
        SessionId::random(shard_.random(), lane_.partition, shard_.options().node);
    invokes.emplace_back(invoke.invokeid, child);
    if (!invoke.content.empty()) {
        invoke.url = session_.scxml.chart
                         ->url();  // what relative references in the content are resolved against
    }
    has_invoked_ = true;
    post_out(StartChild{child, std::move(invoke)});
}

void Run::map(scxml::CancelInvokeEffect& cancel) {
    const SessionId* const found = session_.find_child(cancel.invokeid);
    if (found != nullptr) {
        const SessionId child = *found;
        std::erase_if(session_.rare->invokes,
                      [&](const auto& invoke) { return invoke.second == child; });
        cancel_child(cancel.invokeid, child);
    }
}

void Run::cancel_child(const std::string& invokeid, const SessionId& child) {
    post_out(CancelChild{child, invokeid});
}

void Run::map(scxml::ForwardEffect& forward) {
    const SessionId* const child = session_.find_child(forward.invokeid);
    if (child != nullptr && shard_.is_reachable(*child)) {
        post(*child, std::move(forward.event));
    }
}

void Run::map(scxml::LogEffect& entry) {
    if (recorder_ != nullptr) {
        recorder_->add(LiveMoment::Kind::kLog, entry.label, entry.value);
    }
    pending_.logs.push_back(std::move(entry));
}

void Run::map(scxml::EndEffect& end) {
    end_.emplace();
    end_->status = end.reason == scxml::EndReason::kFinal   ? SessionStatus::kFinal
                   : end.reason == scxml::EndReason::kLimit ? SessionStatus::kError
                                                            : SessionStatus::kCancelled;
    end_->configuration = std::move(end.configuration);
    end_->donedata = std::move(end.donedata);
    end_->detail = std::move(end.detail);
}

std::string Run::next_effect_id() {
    return session_.id.key() + ":" + std::to_string(session_.seq + 1) + ":" +
           std::to_string(effects_out_++);
}

void Run::post(const SessionId& target, value::Event event) {
    touched_ = true;
    InboxPayload payload{std::move(event), next_effect_id(), {}};
    store::InboxRecord record;
    record.session = target;
    record.payload = encode(payload, shard_.record_format());
    commit_.inbox_added.push_back(std::move(record));
    auto delivery = std::make_unique<Delivery>();
    delivery->event = std::move(payload.event);
    delivery->child = session_.id;
    pending_.inbox.push_back(Posted{target, std::move(delivery)});
}

void Run::post_out(OutboxPayload payload) {
    touched_ = true;
    store::OutboxRecord record;
    record.session = session_.id;
    record.seq = session_.seq + 1;
    record.n = effects_out_++;
    record.payload = encode(payload, shard_.record_format());
    pending_.outbox_n.push_back(record.n);
    commit_.outbox_added.push_back(std::move(record));
    pending_.outbox.push_back(std::move(payload));
    lane_.count_outbox(1);
}

void Run::raise_error(std::string_view name, const std::string& sendid, const std::string& detail,
                      const std::string& invokeid) {
    auto delivery = std::make_unique<Delivery>();
    delivery->event.name = name;
    delivery->event.type = value::EventType::kPlatform;
    delivery->event.sendid = sendid;
    delivery->event.invokeid = invokeid;
    delivery->event.data = value::Value::string(detail);
    push_self(std::move(delivery));
}

void Run::push_self(value::Event event) {
    if (session_.queue.size() >= shard_.options().session.pending_events_max) {
        // One error event tells of all that were dropped by this run.
        if (!std::exchange(overflowed_, true)) {
            raise_error(kCommunication, event.sendid,
                        "max-pending-events (" +
                            std::to_string(shard_.options().session.pending_events_max) + ")");
        }
        return;
    }
    auto delivery = std::make_unique<Delivery>();
    delivery->event = std::move(event);
    push_self(std::move(delivery));
}

void Run::push_self(std::unique_ptr<Delivery> delivery) {
    delivery->self = true;
    ++self_waiting_;
    session_.queue.push(std::move(delivery));
}

}  // namespace fermata::engine
