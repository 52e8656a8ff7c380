#include "engine/session_view.h"

#include <utility>

namespace fermata::engine {
namespace {

class ItemCollector final : public script::ItemSink {
  public:
    explicit ItemCollector(std::vector<std::pair<std::string, value::Value>>& items)
        : items_(items) {}

    void item(std::string_view name, std::string_view encoded) override {
        value::Value value = value::Value::from_trusted_bytes(std::string(encoded));
        if (name != script::kWholeScope) {
            items_.emplace_back(name, std::move(value));
            return;
        }
        for (auto& member : value.members()) {
            items_.push_back(std::move(member));
        }
    }
    void warning(std::string_view /*text*/) override {}  // told when the item was committed

  private:
    std::vector<std::pair<std::string, value::Value>>& items_;
};

TimerView timer_view(const PendingTimer& timer) {
    TimerView view;
    view.due_ms = timer.due_ms();
    const auto payload = decode_timer(timer.payload());
    if (payload) {
        if (const auto* send = std::get_if<SendTimer>(&*payload)) {
            view.sendid = send->send.sendid;
            view.event = send->send.event.name;
        } else if (const auto* event = std::get_if<EventTimer>(&*payload)) {
            view.event = event->event.name;
        }
    }
    return view;
}

SessionSummary summary_of(const LiveSession& session) {
    SessionSummary summary;
    summary.id = session.id;
    summary.application = session.name();
    summary.created_ms = session.created_ms;
    summary.seq = session.seq;
    if (session.scxml.chart != nullptr) {
        summary.chart_hash = session.scxml.chart->hash();
        summary.url = session.scxml.chart->url();
    }
    if (session.rare != nullptr) {
        summary.key = session.rare->key;
        summary.has_parent = session.rare->parent.has_value();
        summary.parent = session.rare->parent.value_or(SessionId());
        if (session.rare->scheduled != nullptr) {
            summary.status = SessionStatus::kScheduled;
        }
    }
    return summary;
}

Result<SessionMeta> meta_of(const store::SessionRecord& record) {
    const std::string* const bytes = record.find("meta");
    if (bytes == nullptr) {
        return Error(ErrorCode::kCorrupt,
                     "the record of session " + record.session.to_string() + " has no meta");
    }
    return decode_meta(*bytes);
}

}  // namespace

std::string_view to_string(SessionStatus status) {
    switch (status) {
        case SessionStatus::kScheduled:
            return "scheduled";
        case SessionStatus::kActive:
            return "active";
        case SessionStatus::kFinal:
            return "final";
        case SessionStatus::kCancelled:
            return "cancelled";
        case SessionStatus::kError:
            break;
    }
    return "error";
}

std::string_view to_string(LiveMoment::Kind kind) {
    switch (kind) {
        case LiveMoment::Kind::kStarted:
            return "session.started";
        case LiveMoment::Kind::kEvent:
            return "event";
        case LiveMoment::Kind::kTransition:
            return "transition";
        case LiveMoment::Kind::kEntered:
            return "state.entered";
        case LiveMoment::Kind::kExited:
            return "state.exited";
        case LiveMoment::Kind::kLog:
            return "log";
        case LiveMoment::Kind::kEnded:
            break;
    }
    return "session.ended";
}

SessionView view_of(const LiveSession& session) {
    SessionView view;
    view.summary = summary_of(session);
    if (session.scxml.chart != nullptr && view.summary.status == SessionStatus::kActive) {
        view.configuration = session.scxml.state.active_ids(*session.scxml.chart, false);
        if (session.scxml.data != nullptr) {
            ItemCollector items(view.data);
            session.scxml.data->snapshot(items);
        }
    }
    session.queue.for_each([&](const Delivery& delivery) {
        if (delivery.kind == Delivery::Kind::kEvent) {
            view.pending.push_back(delivery.event);
        }
    });
    if (session.rare != nullptr) {
        view.invokes = session.rare->invokes;
    }
    session.timers.for_each(
        [&](const PendingTimer& timer) { view.timers.push_back(timer_view(timer)); });
    return view;
}

Result<SessionSummary> summary_of(const store::SessionRecord& record) {
    FERMATA_TRY_ASSIGN(SessionMeta meta, meta_of(record));
    SessionSummary summary;
    summary.id = meta.session;
    summary.key = std::move(meta.key);
    summary.status = meta.start_at_ms ? SessionStatus::kScheduled : SessionStatus::kActive;
    summary.application = std::move(meta.application);
    summary.chart_hash = std::move(meta.chart_hash);
    summary.url = std::move(meta.url);
    summary.has_parent = meta.parent.has_value();
    summary.parent = meta.parent.value_or(SessionId());
    summary.created_ms = meta.created_ms;
    summary.seq = record.seq;
    if (record.end) {
        FERMATA_TRY_ASSIGN(const EndPayload end, decode_end(record.end->payload));
        summary.status = end.status;
        summary.ended_ms = end.ended_ms;
        summary.seq = end.seq;
    }
    return summary;
}

Result<SessionView> view_of(const store::SessionRecord& record) {
    SessionView view;
    FERMATA_TRY_ASSIGN(view.summary, summary_of(record));
    if (record.end) {
        FERMATA_TRY_ASSIGN(EndPayload end, decode_end(record.end->payload));
        view.configuration = std::move(end.configuration);
        view.donedata = std::move(end.donedata);
        view.detail = std::move(end.detail);
    }
    return view;
}

}  // namespace fermata::engine
