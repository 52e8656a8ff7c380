#include "api/basic_http.h"

#include "api/body.h"
#include "api/hop.h"
#include "api/reply.h"
#include "engine/http_body.h"
#include "http/form.h"
#include "http/media_type.h"
#include "http/router.h"
#include "scxml/effects.h"

namespace fermata::api {

namespace {

constexpr std::string_view kEventNameParameter = "_scxmleventname";

// The message as it came, for _event.raw; credentials are none of the chart's business.
std::string raw_message(const http::Request& request) {
    std::string raw = request.method + " " + request.target + " HTTP/1.1\r\n";
    for (const http::Field& field : request.headers) {
        if (!http::equals_ignoring_case(field.name, "Authorization") &&
            !http::equals_ignoring_case(field.name, "Cookie") && !is_internal(field.name)) {
            raw += field.name + ": " + field.value + "\r\n";
        }
    }
    return engine::http_raw(raw, request.headers.get("Content-Type"), request.body);
}

Result<http::Fields> read_fields(const http::Request& request) {
    http::Fields fields = request.query;
    const auto type = http::MediaType::parse(request.headers.get("Content-Type"));
    if (type && type->is_form()) {
        FERMATA_TRY_ASSIGN(const http::Fields form, http::parse_form(request.body));
        fields.insert(fields.end(), form.begin(), form.end());
    }
    return fields;
}

// C.2: _scxmleventname names the event when it is there exactly once; otherwise HTTP.<method>.
std::string event_name(const http::Request& request, const http::Fields& fields) {
    std::string name;
    int times = 0;
    for (const http::Field& field : fields) {
        if (field.name == kEventNameParameter) {
            name = field.value;
            ++times;
        }
    }
    return times == 1 && !name.empty() ? name : "HTTP." + request.method;
}

Result<engine::EventRequest> read_event(const http::Request& request) {
    FERMATA_TRY_ASSIGN(const http::Fields fields, read_fields(request));
    engine::EventRequest event;
    event.session = request.param("id");
    event.event.name = event_name(request, fields);
    event.event.origintype = scxml::kBasicHttpProcessor;
    event.event.origin = request.headers.get("Origin");
    event.event.raw = raw_message(request);
    event.idempotency_key = idempotency_key(request);
    const auto type = http::MediaType::parse(request.headers.get("Content-Type"));
    if ((type && type->is_form()) || request.body.empty()) {
        value::Value data = object_of(fields, {kEventNameParameter});
        event.event.data = data.members().empty() ? value::Value() : std::move(data);
    } else {
        FERMATA_TRY_ASSIGN(event.event.data, read_data(request));
    }
    return event;
}

void receive(engine::Engine& engine, const http::Request& request,
             const http::Responder& responder) {
    Result<engine::EventRequest> event = read_event(request);
    if (!event) {
        responder.send(to_response(event.error()));
        return;
    }
    engine.send(std::move(*event),
                reply<engine::EventAnswer>(responder, [](const engine::EventAnswer& answer) {
                    return replayed(http::Response::empty(204), answer.repeated);
                }));
}

}  // namespace

Routes BasicHttp::routes() {
    return {
        {"POST",
         "/scxml/session/{id}/basichttp",
         "postBasicHttp",
         "basichttp",
         "a message to the Basic HTTP Event I/O Processor (SCXML C.2)",
         Access::kOperate,
         {{kEventNameParameter, "query", "string", "name of the event; without it HTTP.POST"},
          {"Idempotency-Key", "header", "string", "a repetition gets the first answer"}},
         {{"application/x-www-form-urlencoded", ""}, {"application/json", ""}, {"text/plain", ""}},
         {{204, "the event's effects are durable", "", ""}, kAccepted},
         [&engine = engine_](const http::Request& request, const http::Responder& responder) {
             receive(engine, request, responder);
         },
         std::nullopt,
         {Subject::kSession, read_event}},
    };
}

http::Handler BasicHttp::handler() {
    http::Router router;
    for (Route& route : routes()) {
        router.add(route.method, route.pattern,
                   [handler = std::move(route.handler)](
                       http::Request request, const http::Responder& to) { handler(request, to); });
    }
    return router.handler();
}

}  // namespace fermata::api
