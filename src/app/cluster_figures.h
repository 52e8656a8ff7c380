// Cluster figures: what /metrics tells of this instance's part in its cluster
// (docs/reference/metrics.md).
#pragma once

#include <vector>

#include "api/metric.h"
#include "app/inbox_hints.h"
#include "app/request_answers.h"
#include "cluster/status.h"

namespace fermata::app {

std::vector<api::Metric> cluster_figures(const cluster::Status& status,
                                         const InboxHintCounters& hints,
                                         const RequestAnswerCounters& answers);

}  // namespace fermata::app
