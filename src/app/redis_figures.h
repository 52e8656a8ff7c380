// Redis figures: what /metrics tells of the store on Redis (docs/reference/metrics.md).
#pragma once

#include <vector>

#include "api/metric.h"
#include "redis_store/redis_store.h"

namespace fermata::app {

std::vector<api::Metric> redis_figures(const redis::Status& status,
                                       const redis_store::RedoCounters& redo);

// Of the store now. Any thread.
std::vector<api::Metric> redis_figures(const redis_store::RedisStore& store);

}  // namespace fermata::app
