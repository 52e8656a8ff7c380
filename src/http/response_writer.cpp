#include "http/response_writer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "http/cache_control.h"

namespace fermata::http {
namespace {

template <typename Number>
void append_number(std::string& out, Number number, int base = 10) {
    std::array<char, 24> digits{};
    const std::to_chars_result end =
        std::to_chars(digits.data(), digits.data() + digits.size(), number, base);
    out.append(digits.data(), end.ptr);
}

void append_text(std::string& out, std::string_view text) {
    constexpr std::string_view kBreaks("\r\n\0", 3);
    if (text.find_first_of(kBreaks) == std::string_view::npos) {
        out += text;
        return;
    }
    for (const char character : text) {
        out += kBreaks.find(character) == std::string_view::npos ? character : ' ';
    }
}

bool is_servers_business(std::string_view name) {
    constexpr std::array<std::string_view, 4> kNames{"Content-Length", "Connection", "Date",
                                                     "Transfer-Encoding"};
    return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view servers) {
        return equals_ignoring_case(name, servers);
    });
}

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

}  // namespace

void ResponseWriter::append(std::string& out, const Response& response,
                            const ResponseFraming& framing) {
    out += "HTTP/1.1 ";
    append_number(out, response.status);
    out += ' ';
    out += reason_phrase(response.status);
    append_date(out);
    for (const Field& field : response.headers) {
        if (!is_servers_business(field.name)) {
            append_text(out, field.name);
            out += ": ";
            append_text(out, field.value);
            out += "\r\n";
        }
    }
    const bool has_body = may_have_body(response.status);
    if (framing.is_stream) {
        out += framing.is_http_1_0 ? "" : "Transfer-Encoding: chunked\r\n";
    } else if (has_body) {
        out += "Content-Length: ";
        append_number(out, response.body.size());
        out += "\r\n";
    }
    if (framing.closes_connection) {
        out += "Connection: close\r\n";
    } else if (framing.is_http_1_0) {
        out += "Connection: keep-alive\r\n";
    }
    out += "\r\n";
    if (has_body && !framing.is_head && !framing.is_stream) {
        out += response.body;
    }
}

void ResponseWriter::append_chunk(std::string& out, std::string_view text) {
    append_number(out, text.size(), 16);
    out += "\r\n";
    out += text;
    out += "\r\n";
}

void ResponseWriter::append_last_chunk(std::string& out) {
    out += "0\r\n\r\n";
}

void ResponseWriter::append_date(std::string& out) {
    const std::time_t now = std::time(nullptr);
    if (now != date_second_ || date_.empty()) {
        date_second_ = now;
        date_ = "\r\nDate: " + format_http_date(now) + "\r\n";
    }
    out += date_;
}

}  // namespace fermata::http
