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
#include "store/store.h"

namespace fermata::api {

class Cluster;
class Streams;
class HttpMetrics;

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
};

struct Context {
    engine::Engine& engine;
    store::Store& store;
    const Clock& clock;
    Streams& streams;
    HttpMetrics& http_metrics;
    const Options& options;
};

// Why the server takes no work of its own; empty when it does.
std::string not_ready_reason(const Context& context);

}  // namespace fermata::api
