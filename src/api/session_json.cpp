#include "api/session_json.h"

namespace fermata::api {

namespace {

// Members of the enclosing object.
void write_summary_members(JsonWriter& json, const engine::SessionSummary& summary) {
    json.member("id", summary.id.to_string());
    if (!summary.key.empty()) {
        json.member("key", summary.key);
    }
    json.member("status", engine::to_string(summary.status))
        .member("application", summary.application);
    json.key("document")
        .begin_object()
        .member("url", summary.url)
        .member("hash", summary.chart_hash)
        .end_object();
    if (summary.has_parent) {
        json.member("parent", summary.parent.to_string());
    }
    json.member("created_ms", summary.created_ms);
    if (summary.ended_ms != 0) {
        json.member("ended_ms", summary.ended_ms);
    }
    json.member("seq", summary.seq);
}

void write_timers(JsonWriter& json, const engine::SessionView& view) {
    json.key("timers").begin_array();
    for (const engine::TimerView& timer : view.timers) {
        json.begin_object()
            .member("sendid", timer.sendid)
            .member("event", timer.event)
            .member("due_ms", timer.due_ms)
            .end_object();
    }
    json.end_array();
}

void write_pending(JsonWriter& json, const engine::SessionView& view) {
    json.key("pending").begin_array();
    for (const value::Event& event : view.pending) {
        json.begin_object().member("name", event.name).key("data").value(event.data).end_object();
    }
    json.end_array();
}

}  // namespace

void write_summary(JsonWriter& json, const engine::SessionSummary& summary) {
    json.begin_object();
    write_summary_members(json, summary);
    json.end_object();
}

std::string session_json(const engine::SessionView& view) {
    JsonWriter json;
    json.begin_object();
    write_summary_members(json, view.summary);
    json.member("configuration", view.configuration);
    json.key("data").begin_object();
    for (const auto& [name, value] : view.data) {
        json.key(name).value(value);
    }
    json.end_object();
    write_timers(json, view);
    write_pending(json, view);
    json.key("invokes").begin_array();
    for (const auto& [invokeid, session] : view.invokes) {
        json.begin_object()
            .member("invokeid", invokeid)
            .member("session", session.to_string())
            .end_object();
    }
    json.end_array();
    if (view.summary.ended_ms != 0) {
        json.key("donedata").value(view.donedata);
    }
    if (!view.detail.empty()) {
        json.member("detail", view.detail);
    }
    json.end_object();
    return json.take();
}

std::string moment_json(const engine::LiveMoment& moment) {
    JsonWriter json;
    json.begin_object()
        .member("kind", engine::to_string(moment.kind))
        .member("at_ms", moment.at_ms)
        .member("session", moment.session.to_string())
        .member("application", moment.application)
        .member("seq", moment.seq)
        .member("name", moment.name)
        .key("value")
        .value(moment.value)
        .end_object();
    return json.take();
}

std::string journal_json(const std::vector<engine::JournalEntry>& entries) {
    JsonWriter json;
    json.begin_object().key("entries").begin_array();
    for (const engine::JournalEntry& entry : entries) {
        json.begin_object().member("seq", entry.seq).member("at_ms", entry.at_ms);
        json.key("steps").begin_array();
        for (const engine::JournalStep& step : entry.steps) {
            json.begin_object()
                .member("kind", engine::to_string(step.kind))
                .member("name", step.name);
            if (!step.text.empty()) {
                json.member("text", step.text);
            }
            json.end_object();
        }
        json.end_array();
        if (entry.left_out != 0) {
            json.member("left_out", entry.left_out);
        }
        json.end_object();
    }
    json.end_array().end_object();
    return json.take();
}

}  // namespace fermata::api
