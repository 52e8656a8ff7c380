#include "redis/options.h"

#include <algorithm>

namespace fermata::redis {
namespace {

Error bad_option(std::string_view message) {
    return {ErrorCode::kInvalidArgument, std::string(message)};
}

// CLIENT SETNAME refuses anything else.
bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char character) { return character > ' ' && character <= '~'; });
}

}  // namespace

Result<void> check(const Options& options) {
    if (options.nodes.empty()) {
        return bad_option("redis-nodes is empty: name at least one node");
    }
    if (!options.username.empty() && options.password.empty()) {
        return bad_option("username is set without password");
    }
    if (options.tls.cert.empty() != options.tls.key.empty()) {
        return bad_option("tls-cert and tls-key go together: set both or none");
    }
    if (!is_printable(options.client_name)) {
        return bad_option("the client's name must be printable and without blanks");
    }
    if (options.connect_timeout.count() <= 0 || options.socket_timeout.count() <= 0 ||
        options.wait_slice.count() <= 0 || options.refresh_interval.count() <= 0) {
        return bad_option("redis-connect-timeout and redis-socket-timeout must be positive");
    }
    if (options.degrade_after.count() < 0) {
        return bad_option("redis-degrade-after must not be negative");
    }
    if (options.batch_requests_max == 0 || options.reads_in_flight_max == 0 ||
        options.connects_burst == 0 || options.connects_per_second == 0) {
        return bad_option("a limit of the Redis client is 0: nothing could ever be sent");
    }
    return {};
}

}  // namespace fermata::redis
