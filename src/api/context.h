// Context: what the resources of this folder share. Owned by Service; outlives every handler call.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "api/metric.h"
#include "base/clock.h"
#include "engine/engine.h"
#include "http/client.h"
#include "store/store.h"

namespace fermata::api {

class Cluster;
class Forwarding;
class Streams;
class HttpMetrics;

// What happens to a request for a session of another node.
enum class ForwardingMode : std::uint8_t {
    kProxy,     // it is sent on, and the answer comes back through here
    kRedirect,  // 307 to the node's external-url, as ORS does
};

// Bounds of the client for requests to other instances: held requests and event streams each keep a
// connection, and one that the other side is about to close must not be used any more.
inline http::ClientOptions peer_client_options() {
    http::ClientOptions options;
    options.in_flight_max = 10'000;
    options.connections_per_host_max = 10'000;
    options.idle_connections_max = 256;
    options.idle_connection_age_max = std::chrono::seconds(30);
    options.connect_timeout = std::chrono::milliseconds(2'000);
    return options;
}

struct Options {
    // Node id in the ORSSESSIONID cookie.
    std::uint32_t node = 1;
    // parse-start-params: parameters of the ORS interface are read as JSON where they are.
    bool parse_start_params = true;
    // request-timeout: the longest time that a request to a chart is held open.
    std::chrono::milliseconds request_timeout{30'000};
    // max-streams: event streams open at a time.
    std::size_t streams_max = 1000;
    // heartbeat-interval: pause between comment lines on event streams.
    std::chrono::milliseconds heartbeat_interval{15'000};
    // Largest uploaded document.
    std::size_t document_bytes_max = 8U << 20U;
    std::string version = "0";
    // What the own listener's BasicHTTP route accepts in place of a token; empty: nothing.
    std::string own_secret;
    // Metrics of the cluster, and those that only this kind of store has; any thread. Empty: none.
    std::function<std::vector<Metric>()> store_metrics;
    // The cluster that this server is part of; outlives the service. nullptr: everything is here.
    Cluster* cluster = nullptr;
    ForwardingMode forwarding = ForwardingMode::kProxy;
    // answer-timeout: how long the owner of a request's session is looked for; 0: for ever.
    std::chrono::milliseconds answer_timeout{30'000};
    http::ClientOptions peers = peer_client_options();
};

struct Context {
    engine::Engine& engine;
    store::Store& store;
    const Clock& clock;
    Streams& streams;
    Forwarding& forwarding;
    HttpMetrics& http_metrics;
    const Options& options;
};

// Why the server takes no work of its own; empty when it does.
std::string not_ready_reason(const Context& context);

}  // namespace fermata::api
