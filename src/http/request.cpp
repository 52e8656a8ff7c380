#include "http/request.h"

#include "http/form.h"
#include "http/media_type.h"
#include "http/percent.h"

namespace fermata::http {
namespace {

Error bad_target(std::string_view reason) {
    return {ErrorCode::kInvalidArgument, "request target: " + std::string(reason)};
}

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
    for (const Field& field : fields) {
        if (field.name == name) {
            return field.value;
        }
    }
    return std::nullopt;
}

// "http://host/path?query" becomes "/path?query" (RFC 9112 section 3.2.2).
Result<std::string_view> without_authority(std::string_view target) {
    if (target.substr(0, 1) == "/") {
        return target;
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) {
            continue;
        }
        const std::size_t path = target.find_first_of("/?", scheme.size());
        if (path == std::string_view::npos) {
            return std::string_view("/");
        }
        return target.substr(path);
    }
    return bad_target("neither a path nor a URL");
}

// Dot segments are refused, not resolved: no client sends them, only somebody who is probing.
Result<std::vector<std::string>> split_path(std::string_view path) {
    std::vector<std::string> segments;
    path.remove_prefix(1);
    while (true) {
        const std::size_t slash = path.find('/');
        std::optional<std::string> segment = percent_decode(path.substr(0, slash));
        if (!segment) {
            return bad_target("bad percent-encoding in the path");
        }
        if (segment->find('\0') != std::string::npos) {
            return bad_target("NUL in the path");
        }
        if (*segment == "." || *segment == "..") {
            return bad_target("dot segment in the path");
        }
        segments.push_back(std::move(*segment));
        if (slash == std::string_view::npos) {
            return segments;
        }
        path.remove_prefix(slash + 1);
    }
}

}  // namespace

std::optional<std::string_view> Request::query_value(std::string_view name) const {
    return find_field(query, name);
}

std::string_view Request::param(std::string_view name) const {
    return find_field(params, name).value_or(std::string_view());
}

std::string Request::content_type() const {
    const std::optional<MediaType> media_type = MediaType::parse(headers.get("Content-Type"));
    return media_type ? media_type->essence() : std::string();
}

Result<void> assign_target(Request& request, std::string target) {
    request.target = std::move(target);
    request.segments.clear();
    request.query.clear();
    if (request.target == "*") {
        if (request.method != "OPTIONS") {
            return bad_target("\"*\" is for OPTIONS only");
        }
        request.path = '*';
        return {};
    }
    FERMATA_TRY_ASSIGN(std::string_view origin, without_authority(request.target));
    origin = origin.substr(0, origin.find('#'));
    const std::size_t question_mark = origin.find('?');
    request.path = origin.substr(0, question_mark);
    if (request.path.empty()) {
        request.path = '/';
    }
    FERMATA_TRY_ASSIGN(request.segments, split_path(request.path));
    if (question_mark != std::string_view::npos) {
        FERMATA_TRY_ASSIGN(request.query, parse_form(origin.substr(question_mark + 1)));
    }
    return {};
}

}  // namespace fermata::http
