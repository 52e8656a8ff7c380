#include "app/store_showing.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <limits>
#include <utility>

#include "api/json_writer.h"
#include "api/session_json.h"
#include "app/store_asking.h"
#include "app/store_reading.h"
#include "engine/record_codec.h"
#include "engine/session_view.h"
#include "engine/stored_view.h"

namespace fermata::app {

namespace {

constexpr std::size_t kPage = 1000;

// "2026-02-03T04:05:06.789Z"
std::string time_text(UnixMillis time_ms) {
    const std::time_t seconds = time_ms / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%FT%T", &parts);
    const std::string millis = std::to_string(1000 + time_ms % 1000);
    return std::string(text.data(), length) + "." + millis.substr(1) + "Z";
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text;
}

std::string row(std::string_view name, const std::string& text) {
    constexpr std::size_t kNameWidth = 17;
    return padded("  " + std::string(name), kNameWidth) + " " + text + "\n";
}

Result<std::vector<store::InboxRecord>> inbox_of(store::Store& store, const SessionId& session) {
    std::vector<store::InboxRecord> found;
    for (std::uint64_t after = 0;;) {
        FERMATA_TRY_ASSIGN(auto page, ask_store<std::vector<store::InboxRecord>>([&](auto done) {
                               store.list_inbox(session.partition(), after, kPage, std::move(done));
                           }));
        const bool last = page.size() < kPage;
        for (store::InboxRecord& record : page) {
            after = record.number;
            if (record.session == session) {
                found.push_back(std::move(record));
            }
        }
        if (last) {
            return found;
        }
    }
}

Result<std::string> document_of(store::Store& store, const store::SessionRecord& record) {
    const std::string* const bytes = record.find("meta");
    if (bytes == nullptr || record.end) {
        return std::string();
    }
    FERMATA_TRY_ASSIGN(const engine::SessionMeta meta, engine::decode_meta(*bytes));
    FERMATA_TRY_ASSIGN(auto document, ask_store<std::optional<std::string>>([&](auto done) {
                           store.find_document(meta.chart_hash, std::move(done));
                       }));
    return document.value_or(std::string());
}

Result<void> add_stored(store::Store& store, Partition partition, store::SessionPhase phase,
                        std::size_t limit, std::vector<Result<engine::SessionSummary>>& sessions) {
    std::string cursor;
    while (sessions.size() < limit) {
        FERMATA_TRY_ASSIGN(const auto page, ask_store<store::SessionPage>([&](auto done) {
                               store.list_sessions(partition, phase, cursor,
                                                   std::min(kPage, limit - sessions.size()),
                                                   std::move(done));
                           }));
        for (const store::SessionRecord& record : page.sessions) {
            auto summary = engine::summary_of(record);
            sessions.push_back(summary ? std::move(summary)
                                       : summary.error().with_context(record.session.key()));
        }
        if (page.next.empty()) {
            break;
        }
        cursor = page.next;
    }
    return {};
}

}  // namespace

Result<StoreInfo> store_info(store::Store& store) {
    StoreInfo info;
    info.facts = store.facts();
    for (Partition partition = 0; partition < info.facts.partition_count; ++partition) {
        FERMATA_TRY_ASSIGN(const auto record, ask_store<store::PartitionRecord>([&](auto done) {
                               store.read_partition(partition, std::move(done));
                           }));
        ++info.partitions_by_node[record.epoch == 0 ? 0 : record.node];
    }
    const auto counts = read_store(store, {}, [&info](const StoredPiece& piece) -> Result<void> {
        // Counted here as well: a server that runs makes the reading as a whole fail at its end.
        if (const auto* session = std::get_if<StoredSession>(&piece)) {
            ++info.counts.sessions;
            info.counts.ended += session->record.end ? 1 : 0;
            info.counts.timers += session->timers.size();
        }
        info.counts.inbox += std::holds_alternative<store::InboxRecord>(piece) ? 1 : 0;
        info.counts.outbox += std::holds_alternative<store::OutboxRecord>(piece) ? 1 : 0;
        info.counts.answers += std::holds_alternative<StoredAnswer>(piece) ? 1 : 0;
        info.counts.documents += std::holds_alternative<StoredDocument>(piece) ? 1 : 0;
        info.counts.names += std::holds_alternative<store::DocumentName>(piece) ? 1 : 0;
        return {};
    });
    if (!counts && counts.error().code() != ErrorCode::kConflict) {
        return counts.error();
    }
    return info;
}

std::string info_text(const StoreInfo& info, const std::string& place) {
    const StoreCounts& counts = info.counts;
    std::string text = row("store", info.facts.kind + ", " + place) +
                       row("partitions", std::to_string(info.facts.partition_count)) +
                       row("sessions", std::to_string(counts.sessions - counts.ended) + " live, " +
                                           std::to_string(counts.ended) + " ended") +
                       row("timers", std::to_string(counts.timers)) +
                       row("inbox", std::to_string(counts.inbox)) +
                       row("outbox", std::to_string(counts.outbox)) +
                       row("answers", std::to_string(counts.answers)) +
                       row("documents", std::to_string(counts.documents) + ", " +
                                            std::to_string(counts.names) + " with a name");
    for (const auto& [node, partitions] : info.partitions_by_node) {
        text += row(node == 0 ? "never claimed" : "claimed by node " + std::to_string(node),
                    " " + std::to_string(partitions) + " partitions");
    }
    return text;
}

std::string info_json(const StoreInfo& info, const std::string& place) {
    const StoreCounts& counts = info.counts;
    api::JsonWriter json;
    json.begin_object()
        .member("store", info.facts.kind)
        .member("place", place)
        .member("partitions", std::int64_t{info.facts.partition_count})
        .member("sessions_live", counts.sessions - counts.ended)
        .member("sessions_ended", counts.ended)
        .member("timers", counts.timers)
        .member("inbox", counts.inbox)
        .member("outbox", counts.outbox)
        .member("answers", counts.answers)
        .member("documents", counts.documents)
        .member("document_names", counts.names);
    json.key("claimed_by").begin_object();
    for (const auto& [node, partitions] : info.partitions_by_node) {
        json.member(std::to_string(node), std::uint64_t{partitions});
    }
    json.end_object().end_object();
    return json.take() + "\n";
}

// As the server lists them: live ones of all partitions, then ended ones.
Result<std::vector<Result<engine::SessionSummary>>> list_stored(store::Store& store,
                                                                std::size_t limit) {
    std::vector<Result<engine::SessionSummary>> sessions;
    for (const store::SessionPhase phase : store::kSessionPhases) {
        for (Partition partition = 0; partition < store.facts().partition_count; ++partition) {
            FERMATA_TRY(add_stored(store, partition, phase, limit, sessions));
        }
    }
    return sessions;
}

std::string summaries_text(const std::vector<Result<engine::SessionSummary>>& sessions) {
    std::string text;
    for (const auto& session : sessions) {
        if (!session) {
            text += session.error().to_string() + "\n";
            continue;
        }
        text += padded(session->id.to_string(), 36) + " " +
                padded(std::string(engine::to_string(session->status)), 10) +
                time_text(session->created_ms) + "  " + padded(std::to_string(session->seq), 7) +
                padded(session->application, 15) + " " + session->key + "\n";
    }
    return text;
}

std::string summaries_json(const std::vector<Result<engine::SessionSummary>>& sessions) {
    std::string text;
    for (const auto& session : sessions) {
        api::JsonWriter json;
        if (session) {
            api::write_summary(json, *session);
        } else {
            json.begin_object().member("damaged", session.error().message()).end_object();
        }
        text += json.take() + "\n";
    }
    return text;
}

Result<engine::SessionView> show_stored(store::Store& store, const std::string& name) {
    const SessionId session = SessionId::parse_or_name(name, store.facts().partition_count);
    engine::StoredSessionParts parts;
    Result<std::optional<store::SessionRecord>> record = std::optional<store::SessionRecord>();
    if (session.partition() < store.facts().partition_count) {
        record = ask_store<std::optional<store::SessionRecord>>(
            [&](auto done) { store.load_session(session, std::move(done)); });
    }
    if (!record || !record->has_value()) {
        return record ? Error(ErrorCode::kNotFound, "there is no session " + name) : record.error();
    }
    parts.record = **std::move(record);
    FERMATA_TRY_ASSIGN(parts.timers, ask_store<std::vector<store::TimerRecord>>([&](auto done) {
                           store.session_timers(session, std::move(done));
                       }));
    FERMATA_TRY_ASSIGN(parts.inbox, inbox_of(store, session));
    FERMATA_TRY_ASSIGN(parts.document, document_of(store, parts.record));
    return engine::stored_view(parts);
}

std::string view_json(const engine::SessionView& view) {
    return api::session_json(view) + "\n";
}

std::string view_text(const engine::SessionView& view) {
    const engine::SessionSummary& summary = view.summary;
    std::string text = row("session", summary.id.to_string());
    text += summary.key.empty() ? "" : row("name", summary.key);
    text += row("status", std::string(engine::to_string(summary.status))) +
            row("application", summary.application) +
            row("document", summary.url + "  " + summary.chart_hash.substr(0, 12)) +
            row("created", time_text(summary.created_ms)) + row("seq", std::to_string(summary.seq));
    text += summary.ended_ms == 0 ? "" : row("ended", time_text(summary.ended_ms));
    text += summary.has_parent ? row("parent", summary.parent.to_string()) : "";
    std::string states;
    for (const std::string& state : view.configuration) {
        states += (states.empty() ? "" : " ") + state;
    }
    text += states.empty() ? "" : row("states", states);
    for (const auto& [name, value] : view.data) {
        text += row("data " + name, value.to_json());
    }
    for (const engine::TimerView& timer : view.timers) {
        text += row("timer", time_text(timer.due_ms) + "  " + timer.event +
                                 (timer.sendid.empty() ? "" : " (" + timer.sendid + ")"));
    }
    for (const value::Event& event : view.pending) {
        text += row("waiting event", event.name);
    }
    for (const auto& [invokeid, child] : view.invokes) {
        text += row("child", child.to_string() + "  " + invokeid);
    }
    if (summary.ended_ms != 0) {
        text += row("result", view.donedata.to_json());
        text += view.detail.empty() ? "" : row("why", view.detail);
    }
    return text;
}

}  // namespace fermata::app
