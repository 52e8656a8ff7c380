#include "http/problem.h"

namespace fermata::http {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the UTF-8 sequence at the start of text; 0 when there is none (Unicode table 3-7).
std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto is_tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
    const unsigned first = at(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return is_tail(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned second_min = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned second_max = first == 0xED ? 0x9F : 0xBF;
        return at(1) >= second_min && at(1) <= second_max && is_tail(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned second_min = first == 0xF0 ? 0x90 : 0x80;
        const unsigned second_max = first == 0xF4 ? 0x8F : 0xBF;
        return at(1) >= second_min && at(1) <= second_max && is_tail(2) && is_tail(3) ? 4 : 0;
    }
    return 0;
}

void append_control(std::string& out, char character) {
    constexpr std::string_view kHexDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(character);
    out += "\\u00";
    out += kHexDigits[byte >> 4U];
    out += kHexDigits[byte & 0xFU];
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
    out += out.size() == 1 ? "\"" : ",\"";
    out += name;
    out += "\":";
    append_json_string(out, value);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const char character = text.front();
        if (length == 0) {
            out += kReplacement;
        } else if (character == '"' || character == '\\') {
            out += '\\';
            out += character;
        } else if (static_cast<unsigned char>(character) < 0x20) {
            append_control(out, character);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out += '"';
}

Response to_response(const Problem& problem) {
    std::string body = "{";
    if (!problem.type.empty()) {
        append_member(body, "type", problem.type);
    }
    append_member(body, "title",
                  problem.title.empty() ? reason_phrase(problem.status) : problem.title);
    body += ",\"status\":" + std::to_string(problem.status);
    if (!problem.detail.empty()) {
        append_member(body, "detail", problem.detail);
    }
    body += '}';
    return {problem.status, {{"Content-Type", "application/problem+json"}}, std::move(body)};
}

}  // namespace fermata::http
