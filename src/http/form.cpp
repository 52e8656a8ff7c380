#include "http/form.h"

#include <algorithm>

#include "http/percent.h"

namespace fermata::http {
namespace {

Result<std::string> decode_part(std::string_view part) {
    std::string blanks(part);
    std::replace(blanks.begin(), blanks.end(), '+', ' ');
    std::optional<std::string> decoded = percent_decode(blanks);
    if (!decoded) {
        return Error(ErrorCode::kInvalidArgument,
                     "bad percent-encoding in '" + std::string(part.substr(0, 60)) + "'");
    }
    return std::move(*decoded);
}

void append_part(std::string& out, std::string_view text) {
    // Encoded piecewise, because a blank is "+" here and "%20" everywhere else.
    while (true) {
        const std::size_t blank = text.find(' ');
        out += percent_encode(text.substr(0, blank));
        if (blank == std::string_view::npos) {
            return;
        }
        out += '+';
        text.remove_prefix(blank + 1);
    }
}

}  // namespace

Result<Fields> parse_form(std::string_view text) {
    Fields fields;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view part = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (part.empty()) {
            continue;
        }
        if (fields.size() == kFormFieldsMax) {
            return Error(ErrorCode::kTooLarge, "more than " + std::to_string(kFormFieldsMax) +
                                                   " parameters (form-fields-max)");
        }
        const std::size_t equals = part.find('=');
        FERMATA_TRY_ASSIGN(std::string name, decode_part(part.substr(0, equals)));
        std::string value;
        if (equals != std::string_view::npos) {
            FERMATA_TRY_ASSIGN(value, decode_part(part.substr(equals + 1)));
        }
        fields.push_back({std::move(name), std::move(value)});
    }
    return fields;
}

std::string format_form(const Fields& fields) {
    std::string out;
    for (const Field& field : fields) {
        if (!out.empty()) {
            out += '&';
        }
        append_part(out, field.name);
        out += '=';
        append_part(out, field.value);
    }
    return out;
}

}  // namespace fermata::http
