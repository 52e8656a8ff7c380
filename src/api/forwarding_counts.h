// ForwardingCounts: what /metrics tells of requests for sessions of other instances.
#pragma once

#include <cstdint>

namespace fermata::api {

struct ForwardingCounts {
    std::uint64_t forwarded = 0;   // sent on to another instance
    std::uint64_t redirected = 0;  // answered with where to ask
    std::uint64_t repeated = 0;    // attempts beyond the first
    std::uint64_t put_into_inbox = 0;
};

}  // namespace fermata::api
