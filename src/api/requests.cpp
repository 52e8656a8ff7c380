// /api/v1/sessions/{id}/requests/{name}: an event whose answer, sent by the chart to _event.origin,
// is waited for.
#include <algorithm>

#include "api/body.h"
#include "api/reply.h"
#include "api/resources.h"
#include "api/session_json.h"

namespace fermata::api {

namespace {

void ask(Context& context, const http::Request& request, const http::Responder& responder) {
    Result<value::Value> data = read_data(request);
    const Result<std::int64_t> wait =
        query_number(request, "timeout", context.options.request_timeout.count());
    if (!data || !wait) {
        responder.send(to_response(data ? wait.error() : data.error()));
        return;
    }
    engine::EventRequest event;
    event.session = request.param("id");
    event.event.name = request.param("name");
    event.event.data = std::move(*data);
    event.idempotency_key = idempotency_key(request);
    const auto timeout =
        std::min(std::chrono::milliseconds(*wait), context.options.request_timeout);
    context.engine.request(
        std::move(event), timeout,
        reply<engine::ChartResponse>(responder, [](const engine::ChartResponse& answer) {
            JsonWriter json;
            json.begin_object()
                .member("event", answer.event)
                .key("data")
                .value(answer.data)
                .end_object();
            return http::Response::json(200, json.take());
        }));
}

}  // namespace

Routes request_routes(Context& context) {
    return {
        {"POST",
         "/api/v1/sessions/{id}/requests/{name}",
         "askSession",
         "requests",
         "send an event and hold the answer open until the chart sends to _event.origin",
         Access::kOperate,
         {{"timeout", "query", "integer", "milliseconds to wait, at most [http] request-timeout"},
          {"Idempotency-Key", "header", "string", "a repetition gets the first answer"}},
         {{"application/json", ""}, {"application/x-www-form-urlencoded", ""}, {"text/plain", ""}},
         {{200, "what the chart answered", "application/json", "ChartResponse"}},
         [&context](const http::Request& request, const http::Responder& responder) {
             ask(context, request, responder);
         },
         std::nullopt,
         {Subject::kSession, {}, {}, true}},
    };
}

}  // namespace fermata::api
