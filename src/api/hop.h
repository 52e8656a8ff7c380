// Hop: how a request goes on to another instance, and its answer back. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/cluster.h"
#include "api/route.h"
#include "http/client.h"
#include "http/request.h"

namespace fermata::api {

// On a request that another instance sent on: that one's node. It is never sent on again.
inline constexpr std::string_view kForwardedHeader = "Fermata-Forwarded";
// By which one instance proves to another that it is one.
inline constexpr std::string_view kPeerHeader = "Fermata-Peer";
// On the answer of an instance that did nothing, for the session is not here.
inline constexpr std::string_view kNotHereHeader = "Fermata-Not-Here";
// By which this process proves itself to its own listener.
inline constexpr std::string_view kOwnSecretHeader = "Fermata-Own-Secret";

// Headers between instances, and between a process and itself: nothing for clients or charts.
bool is_internal(std::string_view header);

bool was_forwarded(const http::Request& request);

// Sending it twice does no harm: it changes nothing, or its Idempotency-Key tells the repetition.
bool may_repeat(Access access, const http::Request& request);

// The request as it came, for another instance. Hop-by-hop fields are left out (RFC 9110, 7.6.1).
http::FetchRequest onward(const http::Request& request, const std::string& base_url,
                          std::uint32_t own_node);

// The fields of its answer that are for the client.
http::Headers backward(const http::Headers& headers);

// Path and query of the request below another base URL.
std::string url_below(const std::string& base_url, const http::Request& request);

// Compares in a time that does not tell how much of it was right.
bool equals_in_constant_time(std::string_view left, std::string_view right);

}  // namespace fermata::api
