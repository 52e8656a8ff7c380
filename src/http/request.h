// Request: one request as the handler gets it, complete with its body.
//
// Threads: a value; the handler owns it and may move it to another thread.
// Limits: sizes were checked while reading (ServerOptions).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/headers.h"

namespace fermata::http {

struct Request {
    std::string method;  // as sent: "GET"; methods are case-sensitive
    std::string target;  // as sent: "/api/v1/charts/a%20b?limit=10"
    // The path of the target, still percent-encoded: "/api/v1/charts/a%20b"; "*" for OPTIONS *.
    std::string path;
    // Decoded path segments: {"api", "v1", "charts", "a b"}; a trailing slash gives a last "".
    // A decoded segment may hold "/" (sent as %2F), never "." or ".." alone and never NUL.
    std::vector<std::string> segments;
    Fields query;   // decoded, in order, names may repeat
    Fields params;  // what the route's {name} parts matched; filled by Router
    Headers headers;
    std::string body;
    std::string remote_address;  // "127.0.0.1" or "::1", without the port
    std::uint16_t remote_port = 0;
    bool is_tls = false;
    int version_minor = 1;  // HTTP/1.1 or HTTP/1.0

    // First query parameter of that name.
    [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
    // The {name} part of the route's pattern; "" when the pattern has none of that name.
    [[nodiscard]] std::string_view param(std::string_view name) const;
    // Lower-case media type without parameters: "application/json"; "" without Content-Type.
    [[nodiscard]] std::string content_type() const;
};

// Splits a request target (origin, absolute or asterisk form) into path, segments and query.
// Refused: bad percent-encoding, NUL, dot segments, authority form. RFC 9112 section 3.2.
Result<void> assign_target(Request& request, std::string target);

}  // namespace fermata::http
