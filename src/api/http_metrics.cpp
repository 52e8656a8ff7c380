#include "api/http_metrics.h"

#include <algorithm>

#include "base/log.h"

namespace fermata::api {

void HttpMetrics::request_answered(const http::AccessRecord& record) {
    const auto digit = static_cast<std::size_t>(std::clamp(record.status / 100, 0, 5));
    ++answers.at(digit);
    const auto taken =
        std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count();
    const auto taken_us = static_cast<std::uint64_t>(std::max<std::int64_t>(taken, 0));
    const auto* bucket = std::lower_bound(kBoundsUs.begin(), kBoundsUs.end(), taken_us);
    ++durations.at(static_cast<std::size_t>(bucket - kBoundsUs.begin()));
    duration_us += taken_us;
    if (log_requests_) {
        // The query may hold data of charts: the path is enough.
        log::info("request", {{"method", record.method},
                              {"path", record.target.substr(0, record.target.find('?'))},
                              {"status", record.status},
                              {"us", taken_us},
                              {"from", record.remote_address}});
    }
}

}  // namespace fermata::api
