#include "app/amount.h"

#include <array>
#include <cctype>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

namespace fermata::app {

namespace {

struct Split {
    std::int64_t number = 0;
    std::string unit;  // lower case
};

Result<Split> split(std::string_view text, std::string_view kind) {
    Split parts;
    const char* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, parts.number);
    if (problem != std::errc() || parts.number < 0) {
        return Error(ErrorCode::kInvalidArgument,
                     "'" + std::string(text) + "' is not " + std::string(kind));
    }
    for (const char* letter = rest; letter != end; ++letter) {
        if (*letter != ' ') {
            parts.unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*letter)));
        }
    }
    return parts;
}

Result<std::int64_t> times(std::int64_t number, std::int64_t unit, std::string_view text) {
    if (number > std::numeric_limits<std::int64_t>::max() / unit) {
        return Error(ErrorCode::kInvalidArgument, "'" + std::string(text) + "' is too large");
    }
    return number * unit;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::int64_t bare_unit) {
    static constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
        {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    FERMATA_TRY_ASSIGN(const Split parts,
                       split(text, "a duration such as 250ms, 10s, 5m, 2h or 90d"));
    std::int64_t unit = parts.unit.empty() ? bare_unit : 0;
    for (const auto& [name, factor] : kUnits) {
        unit = parts.unit == name ? factor : unit;
    }
    if (unit == 0) {
        return Error(
            ErrorCode::kInvalidArgument,
            "'" + std::string(text) + "' has an unknown unit; known are ms, s, m, h and d");
    }
    FERMATA_TRY_ASSIGN(const std::int64_t total, times(parts.number, unit, text));
    return std::chrono::milliseconds(total);
}

Result<std::int64_t> parse_size(std::string_view text) {
    FERMATA_TRY_ASSIGN(const Split parts, split(text, "a size such as 512, 64KiB, 8MiB or 1GiB"));
    if (parts.unit.empty() || parts.unit == "b") {
        return parts.number;
    }
    static constexpr std::string_view kLetters = "kmg";
    const std::size_t power = kLetters.find(parts.unit.front());
    const std::string rest = parts.unit.substr(1);
    if (power == std::string_view::npos || !(rest.empty() || rest == "b" || rest == "ib")) {
        return Error(ErrorCode::kInvalidArgument,
                     "'" + std::string(text) + "' has an unknown unit; known are KiB, MiB and GiB");
    }
    return times(parts.number, std::int64_t{1} << (10 * (power + 1)), text);
}

}  // namespace fermata::app
