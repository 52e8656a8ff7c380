#include "engine/stored_view.h"

#include <memory>
#include <utility>

#include "engine/document_bundle.h"
#include "engine/record_codec.h"
#include "engine/session_view.h"
#include "script/data_model.h"
#include "scxml/session_state.h"

namespace fermata::engine {
namespace {

constexpr std::string_view kItemPrefix = "d.";

Result<std::shared_ptr<const scxml::Chart>> compile(const std::string& document) {
    FERMATA_TRY_ASSIGN(const DocumentBundle bundle, decode_bundle(document));
    // The server that took the document judged its size; here it is only read.
    scxml::LoadOutcome outcome = scxml::load(bundle.document, bundle.resources, {});
    if (outcome.chart == nullptr) {
        return Error(ErrorCode::kCorrupt, "the stored document of the session does not compile");
    }
    return std::move(outcome.chart);
}

Result<void> read_state(const StoredSessionParts& parts, SessionView& view) {
    const std::string* const state = parts.record.find("state");
    if (state == nullptr) {
        return {};  // scheduled, and not started yet
    }
    value::Reader reader(*state);
    FERMATA_TRY_ASSIGN(RunExtras extras, decode_extras(reader));
    view.invokes = std::move(extras.invokes);
    if (parts.document.empty()) {
        return {};
    }
    FERMATA_TRY_ASSIGN(const auto chart, compile(parts.document));
    FERMATA_TRY_ASSIGN(const scxml::SessionState decoded, scxml::decode(*chart, reader));
    view.configuration = decoded.active_ids(*chart, false);
    return {};
}

Result<void> read_items(const store::SessionRecord& record, SessionView& view) {
    for (const store::Field& field : record.fields) {
        if (!field.name.starts_with(kItemPrefix)) {
            continue;
        }
        std::string name = field.name.substr(kItemPrefix.size());
        FERMATA_TRY_ASSIGN(value::Value value, value::Value::from_bytes(field.value));
        if (name != script::kWholeScope) {
            view.data.emplace_back(std::move(name), std::move(value));
            continue;
        }
        for (auto& member : value.members()) {
            view.data.push_back(std::move(member));
        }
    }
    return {};
}

Result<TimerView> timer_view(const store::TimerRecord& timer) {
    TimerView view;
    view.due_ms = timer.due_ms;
    FERMATA_TRY_ASSIGN(const TimerPayload payload, decode_timer(timer.payload));
    if (const auto* send = std::get_if<SendTimer>(&payload)) {
        view.sendid = send->send.sendid;
        view.event = send->send.event.name;
    } else if (const auto* event = std::get_if<EventTimer>(&payload)) {
        view.event = event->event.name;
    }
    return view;
}

}  // namespace

Result<SessionView> stored_view(const StoredSessionParts& parts) {
    FERMATA_TRY_ASSIGN(SessionView view, view_of(parts.record));
    if (parts.record.end) {
        return view;
    }
    FERMATA_TRY(read_state(parts, view));
    FERMATA_TRY(read_items(parts.record, view));
    for (const store::TimerRecord& timer : parts.timers) {
        FERMATA_TRY_ASSIGN(TimerView shown, timer_view(timer));
        view.timers.push_back(std::move(shown));
    }
    for (const store::InboxRecord& entry : parts.inbox) {
        FERMATA_TRY_ASSIGN(InboxPayload payload, decode_inbox(entry.payload));
        view.pending.push_back(std::move(payload.event));
    }
    return view;
}

}  // namespace fermata::engine
