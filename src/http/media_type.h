// MediaType: the value of a Content-Type field (RFC 9110 section 8.3.1), and which Accept matches.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fermata::http {

struct MediaType {
    std::string type;     // "application", lower case
    std::string subtype;  // "scxml+xml", lower case
    std::string charset;  // lower case; "" when not given

    static std::optional<MediaType> parse(std::string_view text);

    [[nodiscard]] std::string essence() const { return type + "/" + subtype; }
    [[nodiscard]] bool is_json() const;  // application/json or …+json
    [[nodiscard]] bool is_xml() const;   // text/xml, application/xml or …+xml
    [[nodiscard]] bool is_form() const;  // application/x-www-form-urlencoded

    bool operator==(const MediaType&) const = default;
};

// Whether an Accept field (empty: anything) allows "type/subtype" with a weight above 0.
bool accepts(std::string_view accept, std::string_view essence);
// The Content-Type for a file name's ending: "a.html" -> "text/html; charset=utf-8".
std::string_view media_type_of_file(std::string_view file_name);

}  // namespace fermata::http
