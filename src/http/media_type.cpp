#include "http/media_type.h"

#include <array>
#include <utility>

#include "http/headers.h"

namespace fermata::http {
namespace {

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& character : out) {
        if (character >= 'A' && character <= 'Z') {
            character = static_cast<char>(character - 'A' + 'a');
        }
    }
    return out;
}

bool is_token(std::string_view text) {
    constexpr std::string_view kSpecials = "!#$%&'*+-.^_`|~";
    for (const char character : text) {
        const bool alphanumeric = (character >= 'a' && character <= 'z') ||
                                  (character >= 'A' && character <= 'Z') ||
                                  (character >= '0' && character <= '9');
        if (!alphanumeric && kSpecials.find(character) == std::string_view::npos) {
            return false;
        }
    }
    return !text.empty();
}

// Takes the text up to the separator off the front of rest.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return trim(part);
}

// q=0, q=0.0, q=0.000
bool is_weight_zero(std::string_view parameter) {
    if (parameter.size() < 3 || !equals_ignoring_case(parameter.substr(0, 2), "q=")) {
        return false;
    }
    return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
}

bool range_matches(std::string_view range, std::string_view essence) {
    if (range == "*/*") {
        return true;
    }
    if (range.size() > 2 && range.substr(range.size() - 2) == "/*") {
        const std::size_t slash = essence.find('/');
        return equals_ignoring_case(range.substr(0, range.size() - 2), essence.substr(0, slash));
    }
    return equals_ignoring_case(range, essence);
}

bool ends_with_suffix(std::string_view subtype, std::string_view suffix) {
    return subtype.size() > suffix.size() &&
           subtype.substr(subtype.size() - suffix.size()) == suffix;
}

}  // namespace

std::optional<MediaType> MediaType::parse(std::string_view text) {
    const std::string_view essence = take_until(text, ';');
    const std::size_t slash = essence.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    MediaType media_type;
    media_type.type = lower(essence.substr(0, slash));
    media_type.subtype = lower(essence.substr(slash + 1));
    if (!is_token(media_type.type) || !is_token(media_type.subtype)) {
        return std::nullopt;
    }
    constexpr std::string_view kCharset = "charset=";
    while (!text.empty()) {
        std::string_view parameter = take_until(text, ';');
        if (equals_ignoring_case(parameter.substr(0, kCharset.size()), kCharset)) {
            parameter.remove_prefix(kCharset.size());
            if (parameter.size() >= 2 && parameter.front() == '"' && parameter.back() == '"') {
                parameter = parameter.substr(1, parameter.size() - 2);
            }
            media_type.charset = lower(parameter);
        }
    }
    return media_type;
}

bool MediaType::is_json() const {
    return (type == "application" && subtype == "json") || ends_with_suffix(subtype, "+json");
}

bool MediaType::is_xml() const {
    return (subtype == "xml" && (type == "application" || type == "text")) ||
           ends_with_suffix(subtype, "+xml");
}

bool MediaType::is_form() const {
    return type == "application" && subtype == "x-www-form-urlencoded";
}

bool accepts(std::string_view accept, std::string_view essence) {
    if (trim(accept).empty()) {
        return true;
    }
    // The most specific range decides, so that "*/*, text/html;q=0" refuses HTML.
    int specificity_best = -1;
    bool allowed = false;
    while (!accept.empty()) {
        std::string_view part = take_until(accept, ',');
        const std::string_view range = take_until(part, ';');
        if (!range_matches(range, essence)) {
            continue;
        }
        bool refused = false;
        while (!part.empty()) {
            refused = is_weight_zero(take_until(part, ';')) || refused;
        }
        const int specificity = range == "*/*" ? 0 : (range.back() == '*' ? 1 : 2);
        if (specificity > specificity_best) {
            specificity_best = specificity;
            allowed = !refused;
        }
    }
    return allowed;
}

std::string_view media_type_of_file(std::string_view file_name) {
    using Entry = std::pair<std::string_view, std::string_view>;
    static constexpr std::array<Entry, 14> kTypes{{
        {"html", "text/html; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"txt", "text/plain; charset=utf-8"},
        {"xml", "application/xml"},
        {"scxml", "application/scxml+xml"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"ico", "image/vnd.microsoft.icon"},
        {"woff2", "font/woff2"},
        {"webmanifest", "application/manifest+json"},
    }};
    const std::size_t dot = file_name.rfind('.');
    if (dot != std::string_view::npos) {
        for (const Entry& entry : kTypes) {
            if (equals_ignoring_case(entry.first, file_name.substr(dot + 1))) {
                return entry.second;
            }
        }
    }
    return "application/octet-stream";
}

}  // namespace fermata::http
