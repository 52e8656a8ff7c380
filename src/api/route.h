// Route: one operation of the HTTP interface, with all that the OpenAPI document says about it.
//
// The router, the access check and /api/v1/openapi.json are made from the same routes, so they
// cannot drift apart.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "http/request.h"
#include "http/response.h"

namespace fermata::api {

// What a token's role must allow; without a tokens file everything is allowed.
enum class Access : std::uint8_t {
    kOpen,        // no token needed
    kRead,        // reader, operator, admin
    kOperate,     // operator, admin
    kAdminister,  // admin
    kPeer,        // another instance of the cluster, whatever tokens there are
};

// Whom a request is for when several instances share the sessions.
enum class Subject : std::uint8_t {
    kInstance,  // whoever got it
    kSession,   // the owner of the session that the path parameter `id` names
    kStart,     // the owner of the session that it starts
};

struct Belonging {
    Subject subject = Subject::kInstance;
    // Of kSession, when the request is an event: it may wait in the inbox while nobody owns the
    // session.
    std::function<Result<engine::EventRequest>(const http::Request&)> read_event = {};
    // Of kStart, always.
    std::function<Result<engine::StartRequest>(const http::Request&)> read_start = {};
    // The chart answers, when it likes: up to request-timeout.
    bool is_held = false;
};

struct Parameter {
    std::string_view name;
    std::string_view place;  // "query" or "header"; those of the path are read from the pattern
    std::string_view type;   // "string", "integer"
    std::string_view meaning;
};

struct Body {
    std::string_view media_type;
    std::string_view schema;  // name in the OpenAPI document's components; empty: any
};

struct Answer {
    int status = 200;
    std::string_view meaning;
    std::string_view media_type = "application/json";
    std::string_view schema = {};
};

// The request is the handler's for the time of the call: it may take its body.
using RouteHandler = std::function<void(http::Request&, const http::Responder&)>;

struct Route {
    std::string_view method;
    std::string_view pattern;    // as http::Router takes it
    std::string_view operation;  // operationId
    std::string_view tag;        // the resource
    std::string_view summary;
    Access access = Access::kRead;
    std::vector<Parameter> parameters = {};
    std::vector<Body> bodies = {};
    std::vector<Answer> answers = {};  // besides problems
    RouteHandler handler = {};
    std::optional<std::size_t> body_bytes_max = std::nullopt;
    Belonging belonging = {};
};

// Of every event that may wait in an inbox.
inline constexpr Answer kAccepted{202, "nobody owns the session now; its inbox holds the event",
                                  "application/json", "Accepted"};

using Routes = std::vector<Route>;

inline void append(Routes& all, Routes some) {
    for (Route& route : some) {
        all.push_back(std::move(route));
    }
}

// "{name}" and "{rest...}" parts of a pattern.
std::vector<std::string> path_parameters(std::string_view pattern);

}  // namespace fermata::api
