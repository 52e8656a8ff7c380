// CachePolicy: how long a response may be reused and how to ask whether it still holds (RFC 9111).
//
// Of a private cache, so s-maxage and private do not matter. Without explicit freshness a response
// is stale at once: heuristics are off.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/headers.h"

namespace fermata::http {

struct CachePolicy {
    bool may_store = true;         // no "no-store"
    bool must_revalidate = false;  // a stale copy must not be used when the origin is unreachable
    std::chrono::seconds freshness{0};       // lifetime left at the time of the response
    std::chrono::seconds stale_if_error{0};  // RFC 5861: use for so long beyond it on errors
    std::string etag;                        // for If-None-Match; empty: none
    std::string last_modified;               // for If-Modified-Since; empty: none
    UnixMillis received_ms = 0;

    // From the headers of a response received at now_ms; also from those of a 304.
    static CachePolicy from_headers(const Headers& headers, UnixMillis now_ms);

    [[nodiscard]] bool is_fresh(UnixMillis now_ms) const;
    // Whether a stale copy may still be used when asking for a new one failed.
    [[nodiscard]] bool may_use_on_error(UnixMillis now_ms) const;
    // Whether a conditional request is possible.
    [[nodiscard]] bool has_validator() const { return !etag.empty() || !last_modified.empty(); }
    // Adds If-None-Match and If-Modified-Since.
    void add_conditions(Headers& request_headers) const;
};

// An HTTP date in any of the three forms of RFC 9110 section 5.6.7, in seconds since 1970.
std::optional<std::int64_t> parse_http_date(std::string_view text);
// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string format_http_date(std::int64_t unix_seconds);

}  // namespace fermata::http
