#include "api/hop.h"

#include <algorithm>
#include <array>

#include "api/reply.h"

namespace fermata::api {

namespace {

template <std::size_t count>
bool is_one_of(std::string_view name, const std::array<std::string_view, count>& names) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view candidate) {
        return http::equals_ignoring_case(name, candidate);
    });
}

// Of one connection, not of the message. Content-Length is made anew with the body.
bool is_hop_by_hop(std::string_view name, const http::Headers& headers) {
    constexpr std::array<std::string_view, 11> kNames{
        "Connection", "Keep-Alive",       "Proxy-Authenticate", "Proxy-Authorization",
        "TE",         "Trailer",          "Transfer-Encoding",  "Upgrade",
        "Expect",     "Proxy-Connection", "Content-Length"};
    return is_one_of(name, kNames) || headers.has_token("Connection", name);
}

std::string_view query_of(const http::Request& request) {
    const std::string_view target =
        std::string_view(request.target).substr(0, request.target.find('#'));
    const std::size_t mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view() : target.substr(mark);
}

}  // namespace

bool is_internal(std::string_view header) {
    constexpr std::array kNames{kForwardedHeader, kPeerHeader, kNotHereHeader, kOwnSecretHeader};
    return is_one_of(header, kNames);
}

bool was_forwarded(const http::Request& request) {
    return request.headers.contains(kForwardedHeader);
}

bool may_repeat(Access access, const http::Request& request) {
    return access == Access::kRead || !idempotency_key(request).empty();
}

http::FetchRequest onward(const http::Request& request, const std::string& base_url,
                          std::uint32_t own_node) {
    http::FetchRequest fetch;
    fetch.url = url_below(base_url, request);
    // Our server makes the answer to HEAD from that to GET, with its length.
    fetch.method = request.method == "HEAD" ? "GET" : request.method;
    for (const http::Field& field : request.headers) {
        if (!is_hop_by_hop(field.name, request.headers) && !is_internal(field.name)) {
            fetch.headers.add(field.name, field.value);
        }
    }
    fetch.headers.set(kForwardedHeader, std::to_string(own_node));
    fetch.body = request.body;
    return fetch;
}

http::Headers backward(const http::Headers& headers) {
    http::Headers kept;
    for (const http::Field& field : headers) {
        if (!is_hop_by_hop(field.name, headers) && !is_internal(field.name) &&
            !http::equals_ignoring_case(field.name, "Date")) {
            kept.add(field.name, field.value);
        }
    }
    return kept;
}

std::string url_below(const std::string& base_url, const http::Request& request) {
    std::string url = base_url;
    while (url.ends_with('/')) {
        url.pop_back();
    }
    url += request.path;
    url += query_of(request);
    return url;
}

bool equals_in_constant_time(std::string_view left, std::string_view right) {
    unsigned difference = left.size() == right.size() ? 0 : 1;
    for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
        difference |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned char>(right[i]);
    }
    return difference == 0;
}

}  // namespace fermata::api
