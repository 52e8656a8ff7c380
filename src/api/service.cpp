#include "api/service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "api/basic_http.h"
#include "api/hop.h"
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
        case Access::kPeer:
            break;
    }
    return tokens.check(request, {"admin"});
}

// A chart's send to a session of its own server, here or by way of another instance: it carries no
// token of anybody.
bool is_own_send(const http::Request& request, const Options& options) {
    const auto proves = [&](std::string_view header, const std::string& secret) {
        return !secret.empty() && equals_in_constant_time(request.headers.get(header), secret);
    };
    return request.segments.size() == 4 && request.segments.back() == "basichttp" &&
           (proves(kOwnSecretHeader, options.own_secret) ||
            (options.cluster != nullptr && was_forwarded(request) &&
             proves(kPeerHeader, options.cluster->own_peer_secret())));
}

bool is_peer(const http::Request& request, const Options& options) {
    const std::string secret =
        options.cluster == nullptr ? std::string() : options.cluster->own_peer_secret();
    return !secret.empty() && equals_in_constant_time(request.headers.get(kPeerHeader), secret);
}

// Nothing: it may pass. Else what to answer.
std::optional<http::Response> refuse(http::TokenFile* tokens, const http::Request& request,
                                     Access access, const Options& options) {
    if (access == Access::kPeer) {
        return is_peer(request, options)
                   ? std::nullopt
                   : std::optional(problem("forbidden", "this is between instances of a cluster"));
    }
    if (tokens == nullptr || access == Access::kOpen) {
        return std::nullopt;
    }
    const auto verdict = check(*tokens, request, access);
    const auto* denial = std::get_if<http::Denial>(&verdict);
    if (denial == nullptr || is_own_send(request, options)) {
        return std::nullopt;
    }
    http::Response response = problem_of_status(denial->problem);
    if (!denial->www_authenticate.empty()) {
        response.headers.set("WWW-Authenticate", denial->www_authenticate);
    }
    return response;
}

Forwarding::Serve guarded(http::TokenFile* tokens, Access access, const Options& options,
                          Forwarding::Serve serve) {
    return [tokens, access, &options, serve = std::move(serve)](http::Request request,
                                                                const http::Responder& responder) {
        if (auto refusal = refuse(tokens, request, access, options)) {
            responder.send(*std::move(refusal));
            return;
        }
        serve(std::move(request), responder);
    };
}

http::Handler make_handler(const Routes& routes, http::TokenFile* tokens, const Options& options,
                           Forwarding& forwarding) {
    http::Router router;
    for (const Route& plan : routes) {
        router.add(plan.method, plan.pattern,
                   guarded(tokens, plan.access, options, forwarding.wrap(plan)),
                   {plan.body_bytes_max});
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

Streams::IsElsewhere is_elsewhere(const Forwarding& forwarding, const Options& options) {
    if (options.cluster == nullptr) {
        return {};
    }
    return [&forwarding](const std::string& session) { return forwarding.is_elsewhere(session); };
}

}  // namespace

Routes all_routes(Context& context) {
    Routes routes;
    append(routes, session_routes(context));
    append(routes, event_routes(context));
    append(routes, receipt_routes(context));
    append(routes, request_routes(context));
    append(routes, answer_routes(context));
    append(routes, stream_routes(context));
    append(routes, document_routes(context));
    append(routes, cluster_routes(context));
    append(routes, metrics_routes(context));
    append(routes, health_routes(context));
    append(routes, ors_routes(context));
    append(routes, BasicHttp(context.engine).routes());
    return with_openapi(std::move(routes), context.options.version);
}

Service::Service(engine::Engine& engine, store::Store& store, const Clock& clock,
                 HttpMetrics& http_metrics, http::TokenFile* tokens, const Options& options)
    : options_(options),
      forwarding_(engine, options_),
      streams_(engine, options_.streams_max, options_.heartbeat_interval,
               is_elsewhere(forwarding_, options_)),
      context_{engine, store, clock, streams_, forwarding_, http_metrics, options_},
      handler_(make_handler(all_routes(context_), tokens, options_, forwarding_)) {}

}  // namespace fermata::api
