// /api/v1/sessions: start, list, show and end sessions, and their journals.
#include "api/body.h"
#include "api/reply.h"
#include "api/resources.h"
#include "api/session_json.h"

namespace fermata::api {

namespace {

constexpr std::int64_t kPageDefault = 100;
constexpr std::int64_t kPageMax = 1000;

Result<engine::StartRequest> read_start(const http::Request& request) {
    FERMATA_TRY_ASSIGN(const Members members,
                       read_members(request, {"src", "document", "params", "start_at", "id"}));
    engine::StartRequest start;
    FERMATA_TRY_ASSIGN(start.src, text_of(members, "src"));
    FERMATA_TRY_ASSIGN(start.document, text_of(members, "document"));
    FERMATA_TRY_ASSIGN(start.id, text_of(members, "id"));
    if (start.src.empty() == start.document.empty()) {
        return Error(ErrorCode::kInvalidArgument,
                     "exactly one of 'src' (a URL) and 'document' (its text) is needed");
    }
    if (const value::Value* params = find(members, "params"); params != nullptr) {
        if (params->tag() != value::Tag::kObject) {
            return Error(ErrorCode::kInvalidArgument, "'params' must be an object");
        }
        start.params = params->members();
    }
    FERMATA_TRY_ASSIGN(const std::int64_t start_at, whole_number_of(members, "start_at"));
    if (start_at != 0) {
        start.start_at = start_at;
    }
    start.idempotency_key = idempotency_key(request);
    return start;
}

http::Response write_started(const engine::StartOutcome& outcome) {
    if (!outcome.answer) {
        return refused_document(outcome.findings);
    }
    const std::string id = outcome.answer->session.to_string();
    JsonWriter json;
    json.begin_object().member("id", id);
    if (!outcome.answer->key.empty()) {
        json.member("key", outcome.answer->key);
    }
    if (!outcome.findings.empty()) {
        json.key("findings").raw(scxml::findings_json(outcome.findings));
    }
    json.end_object();
    http::Response response = http::Response::json(201, json.take());
    response.headers.set("Location", "/api/v1/sessions/" + id);
    return replayed(std::move(response), outcome.answer->repeated);
}

void start(Context& context, const http::Request& request, const http::Responder& responder) {
    Result<engine::StartRequest> start = read_start(request);
    if (!start) {
        responder.send(to_response(start.error()));
        return;
    }
    context.engine.start(std::move(*start), reply<engine::StartOutcome>(responder, write_started));
}

Result<std::optional<engine::SessionStatus>> read_status(const http::Request& request) {
    using enum engine::SessionStatus;
    const auto text = request.query_value("state");
    if (!text) {
        return std::optional<engine::SessionStatus>();
    }
    for (const auto status : {kScheduled, kActive, kFinal, kCancelled, kError}) {
        if (engine::to_string(status) == *text) {
            return std::optional(status);
        }
    }
    return Error(ErrorCode::kInvalidArgument,
                 "'state' must be scheduled, active, final, cancelled or error, not '" +
                     std::string(*text) + "'");
}

Result<std::optional<std::chrono::milliseconds>> read_age(const http::Request& request,
                                                          std::string_view name) {
    FERMATA_TRY_ASSIGN(const std::int64_t age, query_number(request, name, -1));
    return age < 0 ? std::nullopt : std::optional(std::chrono::milliseconds(age));
}

Result<std::size_t> read_limit(const http::Request& request) {
    FERMATA_TRY_ASSIGN(const std::int64_t limit, query_number(request, "limit", kPageDefault));
    if (limit < 1 || limit > kPageMax) {
        return Error(ErrorCode::kInvalidArgument,
                     "'limit' must be 1 to " + std::to_string(kPageMax));
    }
    return static_cast<std::size_t>(limit);
}

Result<engine::ListQuery> read_list(const http::Request& request) {
    engine::ListQuery query;
    FERMATA_TRY_ASSIGN(query.status, read_status(request));
    query.application = request.query_value("application").value_or("");
    FERMATA_TRY_ASSIGN(query.older_than, read_age(request, "older_than"));
    FERMATA_TRY_ASSIGN(query.younger_than, read_age(request, "younger_than"));
    FERMATA_TRY_ASSIGN(query.limit, read_limit(request));
    query.cursor = request.query_value("cursor").value_or("");
    return query;
}

std::vector<Parameter> list_parameters() {
    return {{"state", "query", "string", "scheduled, active, final, cancelled or error"},
            {"application", "query", "string", "name of the chart, or the last part of its URL"},
            {"older_than", "query", "integer", "age in milliseconds"},
            {"younger_than", "query", "integer", "age in milliseconds"},
            {"limit", "query", "integer", "sessions of a page, 1 to 1000; default 100"},
            {"cursor", "query", "string", "`next` of the page before"}};
}

http::Response write_list(const engine::ListAnswer& page) {
    JsonWriter json;
    json.begin_object().key("sessions").begin_array();
    for (const engine::SessionSummary& summary : page.sessions) {
        write_summary(json, summary);
    }
    json.end_array();
    if (!page.next.empty()) {
        json.member("next", page.next);
    }
    json.end_object();
    return http::Response::json(200, json.take());
}

void list(Context& context, const http::Request& request, const http::Responder& responder) {
    Result<engine::ListQuery> query = read_list(request);
    if (!query) {
        responder.send(to_response(query.error()));
        return;
    }
    context.engine.list(std::move(*query), reply<engine::ListAnswer>(responder, write_list));
}

void show(Context& context, const http::Request& request, const http::Responder& responder) {
    context.engine.query(std::string(request.param("id")),
                         reply<engine::SessionView>(responder, [](const engine::SessionView& view) {
                             return http::Response::json(200, session_json(view));
                         }));
}

void show_journal(Context& context, const http::Request& request,
                  const http::Responder& responder) {
    const Result<std::size_t> limit = read_limit(request);
    if (!limit) {
        responder.send(to_response(limit.error()));
        return;
    }
    context.engine.journal(std::string(request.param("id")), *limit,
                           reply<std::vector<engine::JournalEntry>>(
                               responder, [](const std::vector<engine::JournalEntry>& entries) {
                                   return http::Response::json(200, journal_json(entries));
                               }));
}

void end(Context& context, const http::Request& request, const http::Responder& responder) {
    context.engine.terminate(
        std::string(request.param("id")), idempotency_key(request),
        reply<engine::EventAnswer>(responder, [](const engine::EventAnswer& answer) {
            JsonWriter json;
            json.begin_object().member("seq", answer.seq).end_object();
            return replayed(http::Response::json(200, json.take()), answer.repeated);
        }));
}

const Parameter& key_parameter() {
    static const Parameter key{"Idempotency-Key", "header", "string",
                               "a repetition gets the first answer"};
    return key;
}

Route start_route(Context& context) {
    return {"POST",
            "/api/v1/sessions",
            "startSession",
            "sessions",
            "start a session",
            Access::kOperate,
            {key_parameter()},
            {{"application/json", "Start"}},
            {{201, "it started, or will at start_at", "application/json", "Started"}},
            [&context](const http::Request& request, const http::Responder& responder) {
                start(context, request, responder);
            },
            context.options.document_bytes_max * 2,
            {Subject::kStart, {}, read_start}};
}

Route list_route(Context& context) {
    return {"GET",
            "/api/v1/sessions",
            "listSessions",
            "sessions",
            "list sessions: live ones, then ended ones",
            Access::kRead,
            list_parameters(),
            {},
            {{200, "one page", "application/json", "SessionPage"}},
            [&context](const http::Request& request, const http::Responder& responder) {
                list(context, request, responder);
            }};
}

Route show_route(Context& context) {
    return {"GET",
            "/api/v1/sessions/{id}",
            "showSession",
            "sessions",
            "one session with its configuration, data, timers and waiting events",
            Access::kRead,
            {},
            {},
            {{200, "the session; an ended one as it was just before its end", "application/json",
              "Session"}},
            [&context](const http::Request& request, const http::Responder& responder) {
                show(context, request, responder);
            },
            std::nullopt,
            {Subject::kSession}};
}

Route journal_route(Context& context) {
    return {
        "GET",
        "/api/v1/sessions/{id}/journal",
        "showJournal",
        "sessions",
        "what the session did, newest run first",
        Access::kRead,
        {{"limit", "query", "integer", "runs, 1 to 1000; default 100"}},
        {},
        {{200, "its last runs; none when [journal] length is 0", "application/json", "Journal"}},
        [&context](const http::Request& request, const http::Responder& responder) {
            show_journal(context, request, responder);
        },
        std::nullopt,
        {Subject::kSession}};
}

Route end_route(Context& context) {
    return {"DELETE",
            "/api/v1/sessions/{id}",
            "endSession",
            "sessions",
            "end a session from outside",
            Access::kOperate,
            {key_parameter()},
            {},
            {{200, "it ended", "application/json", "Committed"}},
            [&context](const http::Request& request, const http::Responder& responder) {
                end(context, request, responder);
            },
            std::nullopt,
            {Subject::kSession}};
}

}  // namespace

Routes session_routes(Context& context) {
    return {start_route(context), list_route(context), show_route(context), journal_route(context),
            end_route(context)};
}

}  // namespace fermata::api
