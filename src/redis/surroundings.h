// Surroundings: what all parts of one client share. Included by .cpp files of this folder only
// (Asio).
//
// Threads: the event loop's only.
#pragma once

#include <map>

#include <boost/asio/io_context.hpp>

#include "base/random.h"
#include "redis/options.h"
#include "redis/status.h"
#include "redis/token_bucket.h"

namespace fermata::redis {

class TlsContext;

struct Surroundings {
    boost::asio::io_context& loop;
    const Options& options;
    const TlsContext* tls;  // null: plain TCP
    Random random;
    Counters counters;
    std::map<Address, TokenBucket> connect_budgets;

    // Takes one connect to the node from its budget: zero, or how long to wait.
    std::chrono::milliseconds take_connect(const Address& address) {
        const auto now = std::chrono::steady_clock::now();
        return connect_budgets
            .try_emplace(address, options.connects_burst, options.connects_per_second, now)
            .first->second.take(now);
    }
};

}  // namespace fermata::redis
