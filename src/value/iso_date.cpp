#include "value/iso_date.h"

#include <chrono>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

namespace fermata::value {

std::string iso_date(double unix_ms) {
    constexpr double kDateMax = 8.64e15;  // ECMA-262 21.4.1.1
    if (!(std::abs(unix_ms) <= kDateMax)) {
        return {};
    }
    // std::chrono::year ends at 32767, far below kDateMax; the calendar repeats every 400 years.
    constexpr std::int64_t kCycleDays = 146'097;
    constexpr std::int64_t kDayMs = 86'400'000;
    const auto whole_ms = static_cast<std::int64_t>(unix_ms);
    const std::int64_t days = (whole_ms >= 0 ? whole_ms : whole_ms - kDayMs + 1) / kDayMs;
    const std::int64_t cycles = (days >= 0 ? days : days - kCycleDays + 1) / kCycleDays;
    const std::chrono::year_month_day date{
        std::chrono::sys_days{std::chrono::days{days - cycles * kCycleDays}}};
    const std::int64_t year = static_cast<int>(date.year()) + cycles * 400;
    const std::int64_t time_ms = whole_ms - days * kDayMs;
    const std::string year_text =
        year >= 0 && year <= 9999 ? fmt::format("{:04}", year) : fmt::format("{:+07}", year);
    return fmt::format("{}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year_text,
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time_ms / 3'600'000, time_ms / 60'000 % 60, time_ms / 1000 % 60,
                       time_ms % 1000);
}

}  // namespace fermata::value
