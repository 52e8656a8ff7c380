// /api/v1/sessions/{id}/events: send an event to a session.
#include "api/body.h"
#include "api/reply.h"
#include "api/resources.h"
#include "api/session_json.h"

namespace fermata::api {

namespace {

Result<engine::EventRequest> read_event(const http::Request& request) {
    FERMATA_TRY_ASSIGN(const Members members, read_members(request, {"name", "data", "delay"}));
    engine::EventRequest event;
    event.session = request.param("id");
    FERMATA_TRY_ASSIGN(event.event.name, text_of(members, "name"));
    if (event.event.name.empty()) {
        return Error(ErrorCode::kInvalidArgument, "'name' of the event is needed");
    }
    if (const value::Value* data = find(members, "data"); data != nullptr) {
        event.event.data = *data;
    }
    FERMATA_TRY_ASSIGN(const std::int64_t delay, whole_number_of(members, "delay"));
    event.delay = std::chrono::milliseconds(delay);
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
            JsonWriter json;
            json.begin_object().member("seq", answer.seq).end_object();
            return replayed(http::Response::json(200, json.take()), answer.repeated);
        }));
}

}  // namespace

Routes event_routes(Context& context) {
    return {
        {"POST",
         "/api/v1/sessions/{id}/events",
         "sendEvent",
         "events",
         "send an event; answered when what it did is durable",
         Access::kOperate,
         {{"Idempotency-Key", "header", "string", "a repetition gets the first answer"}},
         {{"application/json", "Event"}},
         {{200, "committed; with a delay: its timer is", "application/json", "Committed"},
          kAccepted},
         [&context](const http::Request& request, const http::Responder& responder) {
             send(context, request, responder);
         },
         std::nullopt,
         {Subject::kSession, read_event}},
    };
}

}  // namespace fermata::api
