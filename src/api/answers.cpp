// /internal/answers/{request}: an answer to a request that may be held here.
#include "api/answers.h"

#include <utility>

#include "api/body.h"
#include "api/hop.h"
#include "api/json_writer.h"
#include "api/reply.h"
#include "api/resources.h"
#include "http/percent.h"

namespace fermata::api {

namespace {

// As JSON an event's data may be several times as long as [scxml] max-event-size.
constexpr std::size_t kBodyBytesMax = 8U << 20U;

void take(Context& context, const http::Request& request, const http::Responder& responder) {
    Result<Members> members = read_members(request, {"event", "data"});
    Result<std::string> event =
        members ? text_of(*members, "event") : Result<std::string>(members.error());
    if (!event) {
        responder.send(to_response(event.error()));
        return;
    }
    engine::Response response;
    response.request = request.param("request");
    response.event = *std::move(event);
    if (const value::Value* data = find(*members, "data"); data != nullptr) {
        response.data = *data;
    }
    context.engine.respond(std::move(response));
    responder.send(http::Response::empty(204));
}

}  // namespace

http::FetchRequest answer_request(const std::string& base_url, const std::string& peer_secret,
                                  const engine::Response& response) {
    JsonWriter json;
    json.begin_object()
        .member("event", response.event)
        .key("data")
        .value(response.data)
        .end_object();
    http::FetchRequest request;
    request.url = base_url + "/internal/answers/" + http::percent_encode(response.request);
    request.method = "POST";
    request.headers.set("Content-Type", "application/json");
    request.headers.set(std::string(kPeerHeader), peer_secret);
    request.body = json.take();
    request.redirects_max = 0;
    return request;
}

Routes answer_routes(Context& context) {
    return {
        {"POST",
         "/internal/answers/{request}",
         "takeAnswer",
         "internal",
         "between instances: a session answered a request that may be held here",
         Access::kPeer,
         {{kPeerHeader, "header", "string", "what proves that another instance calls"}},
         {{"application/json", "ChartResponse"}},
         {{204, "the caller gets it, if it still waits", "", ""}},
         [&context](const http::Request& request, const http::Responder& responder) {
             take(context, request, responder);
         },
         kBodyBytesMax},
    };
}

}  // namespace fermata::api
