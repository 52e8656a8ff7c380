// /scxml/session/… and /ors/help: the interface of the Genesys Orchestration Server, so that its
// clients can stay.
//
// Ids may carry a node and the ORSSESSIONID cookie; unknown parameters of a start become the
// chart's data.
#include <algorithm>
#include <charconv>

#include "api/body.h"
#include "api/reply.h"
#include "api/resources.h"
#include "api/session_json.h"
#include "http/form.h"
#include "http/media_type.h"

namespace fermata::api {

namespace {

constexpr Parameter kRepeatable{"Idempotency-Key", "header", "string",
                                "a repetition gets the first answer"};
constexpr Answer kDone{200, "done, and durable", "", ""};
constexpr std::string_view kHelp = R"(ORS interface of this server

POST /scxml/session/start
     form or JSON body: src (URL of the document), idealtime (ms since 1970, optional),
     further parameters become data of the same name
     200 {"sessionid":"<id>"} and Set-Cookie: ORSSESSIONID=<id>.node<node>
GET|POST /scxml/session/<id>/event/<name>[?<parameters>]
     200 when the event is consumed and durable; 202 {"receipt":"<id>"} when it waits in the inbox
     of a session that nobody serves at the moment: GET /api/v1/receipts/<id>
GET|POST /scxml/session/<id>/request/<name>[?<parameters>]
     held open until the session answers; 200 with what it answered, 504 when it does not
GET  /scxml/session/<id>/query
     200 the session as JSON
POST /scxml/session/<id>/terminate
     200 when it has ended
POST /scxml/session/<id>/basichttp
     204; the Basic HTTP Event I/O Processor
GET  /ors/help
     this text

307 the session is on another node, when the cluster redirects
400 wrong or missing parameter, 404 no such session, 405 wrong method, 422 the document has errors,
429 and 503 try again later. The whole interface: /api/v1/openapi.json
)";

// The parameters of a start: texts of a form, values of a JSON object.
Result<Members> read_parameters(const http::Request& request) {
    const auto type = http::MediaType::parse(request.headers.get("Content-Type"));
    Members members;
    for (const http::Field& field : request.query) {
        members.emplace_back(field.name, value::Value::string(field.value));
    }
    if (request.body.empty()) {
        return members;
    }
    if (type && type->is_json()) {
        FERMATA_TRY_ASSIGN(const value::Value body, value::Value::from_json(request.body));
        if (body.tag() != value::Tag::kObject) {
            return Error(ErrorCode::kInvalidArgument, "the body must be a JSON object");
        }
        Members more = body.members();
        members.insert(members.end(), more.begin(), more.end());
        return members;
    }
    FERMATA_TRY_ASSIGN(const http::Fields fields, http::parse_form(request.body));
    for (const http::Field& field : fields) {
        members.emplace_back(field.name, value::Value::string(field.value));
    }
    return members;
}

Result<UnixMillis> read_idealtime(const value::Value& value) {
    const std::string text = value.to_text();
    UnixMillis moment = 0;
    const auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), moment);
    if (wrong != std::errc() || rest != text.data() + text.size() || moment < 0) {
        return Error(ErrorCode::kInvalidArgument,
                     "'idealtime' must be milliseconds since 1970, not '" + text + "'");
    }
    return moment;
}

// parse-start-params: `5` is a number and `{"a":1}` an object; what is no JSON stays a text.
value::Value read_parameter(const value::Value& value, bool parse) {
    if (!parse || !value.is_string()) {
        return value;
    }
    Result<value::Value> parsed = value::Value::from_json(value.to_text());
    if (!parsed) {
        return value;
    }
    return std::move(*parsed);
}

Result<engine::StartRequest> read_start(const http::Request& request, bool parse) {
    FERMATA_TRY_ASSIGN(const Members members, read_parameters(request));
    engine::StartRequest start;
    for (const auto& [name, value] : members) {
        if (name == "src") {
            start.src = value.to_text();
        } else if (name == "idealtime") {
            FERMATA_TRY_ASSIGN(start.start_at, read_idealtime(value));
        } else {
            start.params.emplace_back(name, read_parameter(value, parse));
        }
    }
    if (start.src.empty()) {
        return Error(ErrorCode::kInvalidArgument, "'src', the URL of the document, is needed");
    }
    start.idempotency_key = idempotency_key(request);
    return start;
}

void start(Context& context, const http::Request& request, const http::Responder& responder) {
    Result<engine::StartRequest> start = read_start(request, context.options.parse_start_params);
    if (!start) {
        responder.send(to_response(start.error()));
        return;
    }
    const std::string node = std::to_string(context.options.node);
    context.engine.start(
        std::move(*start),
        reply<engine::StartOutcome>(responder, [node](const engine::StartOutcome& outcome) {
            if (!outcome.answer) {
                return refused_document(outcome.findings);
            }
            const std::string id = outcome.answer->session.to_string();
            JsonWriter json;
            json.begin_object().member("sessionid", id).end_object();
            http::Response response = http::Response::json(200, json.take());
            response.headers.add("Set-Cookie",
                                 "ORSSESSIONID=" + id + ".node" + node + "; Path=/scxml; HttpOnly");
            return replayed(std::move(response), outcome.answer->repeated);
        }));
}

Result<engine::EventRequest> read_event(const http::Request& request) {
    engine::EventRequest event;
    event.session = request.param("id");
    event.event.name = request.param("name");
    FERMATA_TRY_ASSIGN(event.event.data, read_data(request));
    event.idempotency_key = idempotency_key(request);
    return event;
}

void send(Context& context, const http::Request& request, const http::Responder& responder) {
    Result<engine::EventRequest> event = read_event(request);
    if (!event) {
        responder.send(to_response(event.error()));
        return;
    }
    context.engine.send(
        std::move(*event),
        reply<engine::EventAnswer>(responder, [](const engine::EventAnswer& answer) {
            return replayed(http::Response::empty(200), answer.repeated);
        }));
}

// ORS charts find what was asked in _event.data.params.
void ask(Context& context, const http::Request& request, const http::Responder& responder) {
    Result<engine::EventRequest> event = read_event(request);
    if (!event) {
        responder.send(to_response(event.error()));
        return;
    }
    event->event.data = value::Value::object({{"params", event->event.data}});
    context.engine.request(
        std::move(*event), context.options.request_timeout,
        reply<engine::ChartResponse>(responder, [](const engine::ChartResponse& answer) {
            return http::Response::json(200, answer.data.to_json());
        }));
}

void query(Context& context, const http::Request& request, const http::Responder& responder) {
    context.engine.query(std::string(request.param("id")),
                         reply<engine::SessionView>(responder, [](const engine::SessionView& view) {
                             return http::Response::json(200, session_json(view));
                         }));
}

void terminate(Context& context, const http::Request& request, const http::Responder& responder) {
    context.engine.terminate(
        std::string(request.param("id")), idempotency_key(request),
        reply<engine::EventAnswer>(responder, [](const engine::EventAnswer& answer) {
            return replayed(http::Response::empty(200), answer.repeated);
        }));
}

using Action = void (*)(Context&, const http::Request&, const http::Responder&);

RouteHandler bind(Context& context, Action action) {
    return [&context, action](const http::Request& request, const http::Responder& responder) {
        action(context, request, responder);
    };
}

// Starting sessions, and what is sent to them.
Routes message_routes(Context& context) {
    const std::vector<Body> bodies{{"application/x-www-form-urlencoded", ""},
                                   {"application/json", ""}};
    const Answer answered{200, "the data that the chart answered with", "application/json", ""};
    return {
        {"POST",
         "/scxml/session/start",
         "orsStart",
         "ors",
         "start a session",
         Access::kOperate,
         {kRepeatable},
         bodies,
         {{200, "it started; the cookie ORSSESSIONID names it", "application/json", "OrsStarted"}},
         bind(context, start),
         std::nullopt,
         {Subject::kStart,
          {},
          [parse = context.options.parse_start_params](const http::Request& request) {
              return read_start(request, parse);
          }}},
        {"GET",
         "/scxml/session/{id}/event/{name}",
         "orsEventByQuery",
         "ors",
         "send an event",
         Access::kOperate,
         {kRepeatable},
         {},
         {kDone, kAccepted},
         bind(context, send),
         std::nullopt,
         {Subject::kSession, read_event}},
        {"POST",
         "/scxml/session/{id}/event/{name}",
         "orsEvent",
         "ors",
         "send an event",
         Access::kOperate,
         {kRepeatable},
         bodies,
         {kDone, kAccepted},
         bind(context, send),
         std::nullopt,
         {Subject::kSession, read_event}},
        {"GET",
         "/scxml/session/{id}/request/{name}",
         "orsRequestByQuery",
         "ors",
         "ask the session and wait for its answer",
         Access::kOperate,
         {kRepeatable},
         {},
         {answered},
         bind(context, ask),
         std::nullopt,
         {Subject::kSession, {}, {}, true}},
        {"POST",
         "/scxml/session/{id}/request/{name}",
         "orsRequest",
         "ors",
         "ask the session and wait for its answer",
         Access::kOperate,
         {kRepeatable},
         bodies,
         {answered},
         bind(context, ask),
         std::nullopt,
         {Subject::kSession, {}, {}, true}},
    };
}

// Looking at sessions, ending them, and help.
Routes life_routes(Context& context) {
    return {
        {"GET",
         "/scxml/session/{id}/query",
         "orsQuery",
         "ors",
         "the session",
         Access::kRead,
         {},
         {},
         {{200, "the session", "application/json", "Session"}},
         bind(context, query),
         std::nullopt,
         {Subject::kSession}},
        {"POST",
         "/scxml/session/{id}/terminate",
         "orsTerminate",
         "ors",
         "end the session",
         Access::kOperate,
         {kRepeatable},
         {},
         {kDone},
         bind(context, terminate),
         std::nullopt,
         {Subject::kSession}},
        {"GET",
         "/ors/help",
         "orsHelp",
         "ors",
         "help on this interface",
         Access::kOpen,
         {},
         {},
         {{200, "a text", "text/plain", ""}},
         [](const http::Request&, const http::Responder& responder) {
             responder.send(http::Response::text(200, std::string(kHelp)));
         }},
    };
}

}  // namespace

Routes ors_routes(Context& context) {
    Routes routes = message_routes(context);
    append(routes, life_routes(context));
    return routes;
}

}  // namespace fermata::api
