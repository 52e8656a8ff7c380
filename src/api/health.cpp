// /health/live and /health/ready: for supervisors and load balancers.
#include "api/cluster.h"
#include "api/json_writer.h"
#include "api/problem.h"
#include "api/resources.h"

namespace fermata::api {

namespace {

http::Response state(int status, std::string_view word, const std::string& reason) {
    JsonWriter json;
    json.begin_object().member("status", word);
    if (!reason.empty()) {
        json.member("reason", reason);
    }
    json.end_object();
    return http::Response::json(status, json.take());
}

}  // namespace

std::string not_ready_reason(const Context& context) {
    const Cluster* cluster = context.options.cluster;
    const std::string of_cluster = cluster == nullptr ? "" : cluster->not_ready_reason();
    return of_cluster.empty() ? context.engine.not_ready_reason() : of_cluster;
}

Routes health_routes(Context& context) {
    return {
        {"GET",
         "/health/live",
         "live",
         "health",
         "the process works",
         Access::kOpen,
         {},
         {},
         {{200, "it does", "application/json", "Health"}},
         [](const http::Request&, const http::Responder& responder) {
             responder.send(state(200, "live", ""));
         }},
        {"GET",
         "/health/ready",
         "ready",
         "health",
         "the server takes work",
         Access::kOpen,
         {},
         {},
         {{200, "it does", "application/json", "Health"},
          {503, "it does not, and why", "application/json", "Health"}},
         [&context](const http::Request&, const http::Responder& responder) {
             const std::string reason = not_ready_reason(context);
             responder.send(reason.empty() ? state(200, "ready", "")
                                           : state(503, "not ready", reason));
         }},
    };
}

}  // namespace fermata::api
