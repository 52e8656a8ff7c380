#include "api/service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "api/basic_http.h"
#include "api/openapi.h"
#include "api/problem.h"
#include "api/resources.h"
#include "http/router.h"

namespace fermata::api {

namespace {

std::variant<http::Principal, http::Denial> check(http::TokenFile& tokens,
                                                  const http::Request& request, Access access) {
    switch (access) {
        case Access::kOpen:
            return http::Principal{};
        case Access::kRead:
            return tokens.check(request, {"reader", "operator", "admin"});
        case Access::kOperate:
            return tokens.check(request, {"operator", "admin"});
        case Access::kAdminister:
            return tokens.check(request, {"admin"});
    }
    return tokens.check(request, {"admin"});
}

// Compares in a time that does not tell how much of it was right.
bool equals(std::string_view left, std::string_view right) {
    unsigned difference = left.size() == right.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
        difference |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]);
    }
    return difference == 0;
}

// A chart's send to a session of its own server: it carries no token of anybody.
bool is_own_send(const http::Request& request, const std::string& own_secret) {
    return !own_secret.empty() && request.segments.size() == 4 &&
           request.segments.back() == "basichttp" &&
           equals(request.headers.get(kOwnSecretHeader), own_secret);
}

RouteHandler guarded(http::TokenFile* tokens, Access access, const std::string& own_secret,
                     RouteHandler handler) {
    if (tokens == nullptr || access == Access::kOpen) {
        return handler;
    }
    return [tokens, access, own_secret, handler = std::move(handler)](
               http::Request request, const http::Responder& responder) {
        const auto verdict = check(*tokens, request, access);
        const auto* denial = std::get_if<http::Denial>(&verdict);
        if (denial != nullptr && !is_own_send(request, own_secret)) {
            http::Response response = problem_of_status(denial->problem);
            if (!denial->www_authenticate.empty()) {
                response.headers.set("WWW-Authenticate", denial->www_authenticate);
            }
            responder.send(std::move(response));
            return;
        }
        handler(std::move(request), responder);
    };
}

http::Handler make_handler(Routes routes, http::TokenFile* tokens, const std::string& own_secret) {
    http::Router router;
    for (Route& route : routes) {
        router.add(route.method, route.pattern,
                   guarded(tokens, route.access, own_secret, std::move(route.handler)),
                   {route.body_bytes_max});
    }
    router.set_error_writer([](const http::Request&, const http::Problem& refused) {
        return problem_of_status(refused);
    });
    return router.handler();
}

// Describes itself as well, so its own route is in the document.
Routes with_openapi(Routes routes, std::string_view version) {
    routes.push_back({"GET",
                      "/api/v1/openapi.json",
                      "openapi",
                      "openapi",
                      "this document",
                      Access::kOpen,
                      {},
                      {},
                      {{200, "OpenAPI 3.1", "application/json", ""}},
                      {}});
    const auto document = std::make_shared<const std::string>(openapi_json(routes, version));
    routes.back().handler = [document](const http::Request&, const http::Responder& responder) {
        responder.send(http::Response::json(200, *document));
    };
    return routes;
}

}  // namespace

Routes all_routes(Context& context) {
    Routes routes;
    append(routes, session_routes(context));
    append(routes, event_routes(context));
    append(routes, request_routes(context));
    append(routes, stream_routes(context));
    append(routes, document_routes(context));
    append(routes, metrics_routes(context));
    append(routes, health_routes(context));
    append(routes, ors_routes(context));
    append(routes, BasicHttp(context.engine).routes());
    return with_openapi(std::move(routes), context.options.version);
}

Service::Service(engine::Engine& engine, store::Store& store, const Clock& clock,
                 HttpMetrics& http_metrics, http::TokenFile* tokens, const Options& options)
    : options_(options),
      streams_(engine, options_.streams_max, options_.heartbeat_interval),
      context_{engine, store, clock, streams_, http_metrics, options_},
      handler_(make_handler(all_routes(context_), tokens, options_.own_secret)) {}

}  // namespace fermata::api
