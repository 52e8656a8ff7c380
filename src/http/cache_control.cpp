#include "http/cache_control.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace fermata::http {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::int64_t kSecondsPerDay = 86'400;
// RFC 9111 section 1.2.2: larger numbers count as this.
constexpr std::int64_t kDeltaSecondsMax = 2'147'483'648;

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Digits only; saturates.
std::optional<std::int64_t> parse_delta_seconds(std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        text = text.substr(1, text.size() - 2);
    }
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
        return std::nullopt;
    }
    std::int64_t seconds = 0;
    const std::from_chars_result end =
        std::from_chars(text.data(), text.data() + text.size(), seconds);
    return end.ec == std::errc() ? std::min(seconds, kDeltaSecondsMax) : kDeltaSecondsMax;
}

struct Directives {
    bool no_store = false;
    bool no_cache = false;
    bool must_revalidate = false;
    std::optional<std::int64_t> max_age;
    std::int64_t stale_if_error = 0;
};

void apply_directive(Directives& directives, std::string_view directive) {
    const std::size_t equals = directive.find('=');
    const std::string_view name = trim(directive.substr(0, equals));
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : trim(directive.substr(equals + 1));
    if (equals_ignoring_case(name, "no-store")) {
        directives.no_store = true;
    } else if (equals_ignoring_case(name, "no-cache")) {
        directives.no_cache = true;
    } else if (equals_ignoring_case(name, "must-revalidate")) {
        directives.must_revalidate = true;
    } else if (equals_ignoring_case(name, "max-age")) {
        // The first of several counts; one that is not a number means stale (section 4.2.1).
        if (!directives.max_age) {
            directives.max_age = parse_delta_seconds(value).value_or(0);
        }
    } else if (equals_ignoring_case(name, "stale-if-error")) {
        directives.stale_if_error = parse_delta_seconds(value).value_or(0);
    }
}

// Splits at commas outside quotes: no-cache="Set-Cookie, X" is one directive.
Directives parse_directives(std::string_view text) {
    Directives directives;
    bool in_quotes = false;
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '"') {
            in_quotes = !in_quotes;
        }
        if (i == text.size() || (text[i] == ',' && !in_quotes)) {
            apply_directive(directives, text.substr(begin, i - begin));
            begin = i + 1;
        }
    }
    return directives;
}

// Days since 1970-01-01 of a date in the Gregorian calendar. Years are counted from March, so that
// the leap day comes last.
std::int64_t days_from_date(std::int64_t year, std::int64_t month, std::int64_t day) {
    const std::int64_t march_year = month <= 2 ? year - 1 : year;
    const std::int64_t march_month = (month + 9) % 12;
    const std::int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    constexpr std::int64_t kDaysBefore1970 = 719'468;
    return march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400 + day_of_year -
           kDaysBefore1970;
}

struct DateTime {
    std::int64_t year = 0;
    std::int64_t month = 0;
    std::int64_t day = 0;
    std::int64_t hour = 0;
    std::int64_t minute = 0;
    std::int64_t second = 0;
};

DateTime from_unix_seconds(std::int64_t unix_seconds) {
    std::int64_t days = unix_seconds / kSecondsPerDay;
    std::int64_t rest = unix_seconds % kSecondsPerDay;
    if (rest < 0) {
        rest += kSecondsPerDay;
        --days;
    }
    DateTime date;
    date.hour = rest / 3600;
    date.minute = rest / 60 % 60;
    date.second = rest % 60;
    date.year = 1970 + days / 366;
    while (days_from_date(date.year + 1, 1, 1) <= days) {
        ++date.year;
    }
    while (days_from_date(date.year, 1, 1) > days) {
        --date.year;
    }
    date.month = 12;
    while (days_from_date(date.year, date.month, 1) > days) {
        --date.month;
    }
    date.day = days - days_from_date(date.year, date.month, 1) + 1;
    return date;
}

// Reads a date by a pattern of its fixed places.
class DateReader {
  public:
    explicit DateReader(std::string_view text) : text_(text) {}

    std::int64_t number(std::size_t digits) {
        std::int64_t value = 0;
        for (std::size_t i = 0; i < digits; ++i) {
            const char character = next();
            good_ = good_ && character >= '0' && character <= '9';
            value = value * 10 + (character - '0');
        }
        return value;
    }
    // asctime pads the day with a blank.
    std::int64_t blank_padded_day() {
        if (!text_.empty() && text_.front() == ' ') {
            text_.remove_prefix(1);
            return number(1);
        }
        return number(2);
    }
    std::int64_t month() {
        const auto* const found = std::find(kMonths.begin(), kMonths.end(), text_.substr(0, 3));
        good_ = good_ && found != kMonths.end();
        text_.remove_prefix(std::min<std::size_t>(3, text_.size()));
        return found - kMonths.begin() + 1;
    }
    void literal(std::string_view expected) {
        good_ = good_ && text_.substr(0, expected.size()) == expected;
        text_.remove_prefix(std::min(expected.size(), text_.size()));
    }
    void time_of_day(DateTime& date) {
        date.hour = number(2);
        literal(":");
        date.minute = number(2);
        literal(":");
        date.second = number(2);
    }
    [[nodiscard]] bool is_complete() const { return good_ && text_.empty(); }

  private:
    char next() {
        if (text_.empty()) {
            return '\0';
        }
        const char character = text_.front();
        text_.remove_prefix(1);
        return character;
    }

    std::string_view text_;
    bool good_ = true;
};

std::optional<std::int64_t> to_unix_seconds(const DateTime& date) {
    if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > 31 || date.hour > 23 ||
        date.minute > 59 || date.second > 60) {
        return std::nullopt;
    }
    return days_from_date(date.year, date.month, date.day) * kSecondsPerDay + date.hour * 3600 +
           date.minute * 60 + date.second;
}

// "06 Nov 1994 08:49:37 GMT", what follows the weekday.
bool read_imf_fixdate(DateReader reader, DateTime& date) {
    date.day = reader.number(2);
    reader.literal(" ");
    date.month = reader.month();
    reader.literal(" ");
    date.year = reader.number(4);
    reader.literal(" ");
    reader.time_of_day(date);
    reader.literal(" GMT");
    return reader.is_complete();
}

// "06-Nov-94 08:49:37 GMT"
bool read_rfc850(DateReader reader, DateTime& date) {
    date.day = reader.number(2);
    reader.literal("-");
    date.month = reader.month();
    reader.literal("-");
    // Two digits mean the year nearest to now; until 2050 that is this century below 70.
    const std::int64_t short_year = reader.number(2);
    date.year = short_year + (short_year < 70 ? 2000 : 1900);
    reader.literal(" ");
    reader.time_of_day(date);
    reader.literal(" GMT");
    return reader.is_complete();
}

// "Nov  6 08:49:37 1994"
bool read_asctime(DateReader reader, DateTime& date) {
    date.month = reader.month();
    reader.literal(" ");
    date.day = reader.blank_padded_day();
    reader.literal(" ");
    reader.time_of_day(date);
    reader.literal(" ");
    date.year = reader.number(4);
    return reader.is_complete();
}

void append_two_digits(std::string& out, std::int64_t number) {
    out += static_cast<char>('0' + number / 10);
    out += static_cast<char>('0' + number % 10);
}

std::int64_t expires_lifetime(const Headers& headers, UnixMillis now_ms) {
    const std::optional<std::int64_t> expires = parse_http_date(headers.get("Expires"));
    if (!expires) {
        return 0;  // missing, or "0", which means the past
    }
    return *expires - parse_http_date(headers.get("Date")).value_or(now_ms / 1000);
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    text = trim(text);
    const std::size_t comma = text.find(", ");
    DateTime date;
    if (comma != std::string_view::npos) {
        const DateReader reader(text.substr(comma + 2));
        if (read_imf_fixdate(reader, date) || read_rfc850(reader, date)) {
            return to_unix_seconds(date);
        }
    } else if (text.size() > 4 && read_asctime(DateReader(text.substr(4)), date)) {
        return to_unix_seconds(date);
    }
    return std::nullopt;
}

std::string format_http_date(std::int64_t unix_seconds) {
    const DateTime date = from_unix_seconds(unix_seconds);
    const std::int64_t days = days_from_date(date.year, date.month, date.day);
    const auto weekday = static_cast<std::size_t>(((days + 4) % 7 + 7) % 7);
    std::string out(kDays[weekday]);
    out += ", ";
    append_two_digits(out, date.day);
    out += ' ';
    out += kMonths[static_cast<std::size_t>(date.month - 1)];
    out += ' ';
    out += std::to_string(date.year);
    out += ' ';
    append_two_digits(out, date.hour);
    out += ':';
    append_two_digits(out, date.minute);
    out += ':';
    append_two_digits(out, date.second);
    out += " GMT";
    return out;
}

CachePolicy CachePolicy::from_headers(const Headers& headers, UnixMillis now_ms) {
    const Directives directives = parse_directives(headers.joined("Cache-Control"));
    CachePolicy policy;
    policy.may_store = !directives.no_store;
    policy.must_revalidate = directives.must_revalidate || directives.no_cache;
    policy.etag = headers.get("ETag");
    policy.last_modified = headers.get("Last-Modified");
    policy.received_ms = now_ms;
    policy.stale_if_error = std::chrono::seconds(directives.stale_if_error);
    if (directives.no_cache) {
        return policy;
    }
    const std::int64_t lifetime =
        directives.max_age ? *directives.max_age : expires_lifetime(headers, now_ms);
    // The age the response has already: what caches on the way say, or how old its Date is.
    const std::int64_t date = parse_http_date(headers.get("Date")).value_or(now_ms / 1000);
    const std::int64_t apparent_age = std::max<std::int64_t>(0, now_ms / 1000 - date);
    const std::int64_t age =
        std::max(apparent_age, parse_delta_seconds(trim(headers.get("Age"))).value_or(0));
    policy.freshness =
        std::chrono::seconds(std::clamp<std::int64_t>(lifetime - age, 0, kDeltaSecondsMax));
    return policy;
}

bool CachePolicy::is_fresh(UnixMillis now_ms) const {
    return may_store && now_ms < received_ms + freshness.count() * 1000;
}

bool CachePolicy::may_use_on_error(UnixMillis now_ms) const {
    return may_store && !must_revalidate &&
           now_ms < received_ms + (freshness + stale_if_error).count() * 1000;
}

void CachePolicy::add_conditions(Headers& request_headers) const {
    if (!etag.empty()) {
        request_headers.set("If-None-Match", etag);
    }
    if (!last_modified.empty()) {
        request_headers.set("If-Modified-Since", last_modified);
    }
}

}  // namespace fermata::http
