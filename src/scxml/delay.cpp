#include "scxml/delay.h"

#include <algorithm>
#include <charconv>

namespace fermata::scxml {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_number(std::string_view text) {
    const bool only_digits_and_dots = std::all_of(text.begin(), text.end(), [](char character) {
        return (character >= '0' && character <= '9') || character == '.';
    });
    return only_digits_and_dots && !text.empty() && text.back() != '.' &&
           std::count(text.begin(), text.end(), '.') <= 1;
}

}  // namespace

std::optional<std::int64_t> parse_delay(std::string_view text) {
    text = trimmed(text);
    double unit_ms = 0;
    if (text.ends_with("ms")) {
        unit_ms = 1;
        text.remove_suffix(2);
    } else if (text.ends_with('s')) {
        unit_ms = 1000;
        text.remove_suffix(1);
    }
    if (text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (!is_number(text)) {
        return std::nullopt;
    }
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
        return std::nullopt;
    }
    if (unit_ms == 0 && number != 0) {
        return std::nullopt;  // only zero may go without a unit
    }
    // A hair more than the product, so that 0.29s is 290 ms in spite of binary fractions.
    const double milliseconds = number * unit_ms + 1e-6;
    if (milliseconds > static_cast<double>(kDelayMsMax)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(milliseconds);
}

}  // namespace fermata::scxml
