#include "value/number_text.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <system_error>

namespace fermata::value {
namespace {

// The digits of a positive finite number, and n so that its value is 0.digits × 10^n.
struct Decimal {
    std::string digits;
    int point = 0;
};

Decimal shortest_decimal(double number) {
    char buffer[32];
    const auto written =
        std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific);
    const std::string_view text(buffer, static_cast<std::size_t>(written.ptr - buffer));
    const std::size_t mark = text.find('e');
    Decimal decimal;
    for (const char character : text.substr(0, mark)) {
        if (character != '.') {
            decimal.digits.push_back(character);
        }
    }
    std::string_view exponent = text.substr(mark + 1);
    if (exponent.front() == '+') {
        exponent.remove_prefix(1);  // from_chars does not take it
    }
    int power = 0;
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
    decimal.point = power + 1;
    return decimal;
}

void append_exponent_form(std::string& out, const Decimal& decimal) {
    out.push_back(decimal.digits.front());
    if (decimal.digits.size() > 1) {
        out.push_back('.');
        out.append(decimal.digits, 1);
    }
    const int exponent = decimal.point - 1;
    out.append(exponent < 0 ? "e-" : "e+");
    out.append(std::to_string(std::abs(exponent)));
}

// from_chars does not say which way a number left the range; the place of its first digit does.
bool is_huge(std::string_view text) {
    const std::size_t mark = text.find_first_of("eE");
    const std::string_view mantissa = text.substr(0, mark);
    const std::size_t first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) {
        return false;
    }
    const std::size_t dot = std::min(mantissa.find('.'), mantissa.size());
    if (mark == std::string_view::npos) {
        return first < dot;
    }
    std::string_view exponent = text.substr(mark + 1);
    const bool negative = exponent.front() == '-';
    exponent.remove_prefix(exponent.find_first_not_of("+-0") == std::string_view::npos
                               ? exponent.size()
                               : exponent.find_first_not_of("+-0"));
    if (exponent.size() > 15) {
        return !negative;  // no text is long enough to outweigh this exponent
    }
    long long power = 0;
    std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
    const auto place = static_cast<long long>(dot) - static_cast<long long>(first);
    return (negative ? -power : power) + place > 0;
}

}  // namespace

void append_number(std::string& out, double number) {
    if (std::isnan(number)) {
        out.append("NaN");
        return;
    }
    if (number == 0) {
        out.push_back('0');
        return;
    }
    if (number < 0) {
        out.push_back('-');
        number = -number;
    }
    if (std::isinf(number)) {
        out.append("Infinity");
        return;
    }
    const Decimal decimal = shortest_decimal(number);
    const auto digits = static_cast<int>(decimal.digits.size());
    if (decimal.point > 21 || decimal.point <= -6) {
        append_exponent_form(out, decimal);
    } else if (decimal.point <= 0) {
        out.append("0.").append(static_cast<std::size_t>(-decimal.point), '0');
        out.append(decimal.digits);
    } else if (decimal.point < digits) {
        const auto whole = static_cast<std::size_t>(decimal.point);
        out.append(decimal.digits, 0, whole).push_back('.');
        out.append(decimal.digits, whole);
    } else {
        out.append(decimal.digits).append(static_cast<std::size_t>(decimal.point - digits), '0');
    }
}

double parse_json_number(std::string_view text) {
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec == std::errc::result_out_of_range) {
        const double size = is_huge(text) ? std::numeric_limits<double>::infinity() : 0.0;
        return text.front() == '-' ? -size : size;
    }
    return number;
}

}  // namespace fermata::value
