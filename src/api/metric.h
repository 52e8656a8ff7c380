// Metric: one name of /metrics with its samples.
#pragma once

#include <string>
#include <string_view>
#include <vector>

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

}  // namespace fermata::api
