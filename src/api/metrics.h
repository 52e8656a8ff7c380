// Metrics: the text that Prometheus reads (exposition format 0.0.4), made from one table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http_metrics.h"
#include "engine/engine.h"
#include "store/store.h"

namespace fermata::api {

struct MetricSample {
    std::string labels;  // what follows the name: `{status="2xx"}`, `_sum`, or nothing
    double value = 0;
};

struct Metric {
    std::string_view name;
    std::string_view type;  // "counter", "gauge", "histogram"
    std::string_view help;
    std::vector<MetricSample> samples;
};

struct MetricSources {
    engine::EngineCounters engine;
    store::StoreCounters store;
    const HttpMetrics& http;
    std::size_t streams = 0;
    bool ready = true;
};

std::vector<Metric> collect_metrics(const MetricSources& sources);
std::string format_metrics(const std::vector<Metric>& metrics);

}  // namespace fermata::api
