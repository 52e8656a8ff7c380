// Metrics: the text that Prometheus reads (exposition format 0.0.4), made from one table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/forwarding_counts.h"
#include "api/http_metrics.h"
#include "api/metric.h"
#include "engine/engine.h"
#include "store/store.h"

namespace fermata::api {

struct MetricSources {
    engine::EngineCounters engine;
    store::StoreCounters store;
    const HttpMetrics& http;
    std::size_t streams = 0;
    bool ready = true;
    ForwardingCounts forwarding;
    // Those of the kind of store that is used.
    std::vector<Metric> more;
};

std::vector<Metric> collect_metrics(MetricSources sources);
std::string format_metrics(const std::vector<Metric>& metrics);

}  // namespace fermata::api
