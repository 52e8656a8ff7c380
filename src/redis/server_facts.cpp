#include "redis/server_facts.h"

#include <algorithm>
#include <charconv>

namespace fermata::redis {
namespace {

constexpr std::chrono::seconds kNeverAcknowledged{-1};

std::string_view take_until(std::string_view& text, char end) {
    const std::size_t found = text.find(end);
    const std::string_view piece = text.substr(0, found);
    text = found == std::string_view::npos ? std::string_view() : text.substr(found + 1);
    return piece;
}

std::chrono::seconds parse_lag(std::string_view digits) {
    std::int32_t seconds = -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    return std::chrono::seconds(seconds);
}

// "ip=10.0.0.2,port=7001,state=online,offset=1204,lag=0"
ReplicaFacts parse_replica(std::string_view text) {
    ReplicaFacts replica;
    replica.lag = kNeverAcknowledged;
    while (!text.empty()) {
        std::string_view value = take_until(text, ',');
        const std::string_view name = take_until(value, '=');
        if (name == "state") {
            replica.is_online = value == "online";
        } else if (name == "lag") {
            replica.lag = parse_lag(value);
        }
    }
    return replica;
}

// "slave0", "slave12", and not "slave_read_only".
bool names_replica(std::string_view name) {
    constexpr std::string_view kPrefix = "slave";
    return name.size() > kPrefix.size() && name.starts_with(kPrefix) &&
           name.find_first_not_of("0123456789", kPrefix.size()) == std::string_view::npos;
}

}  // namespace

unsigned ServerFacts::live_replicas(std::chrono::seconds lag_max) const {
    return static_cast<unsigned>(
        std::count_if(replicas.begin(), replicas.end(), [lag_max](const ReplicaFacts& replica) {
            return replica.is_online && replica.lag.count() >= 0 && replica.lag <= lag_max;
        }));
}

ServerFacts parse_info(std::string_view info) {
    ServerFacts facts;
    while (!info.empty()) {
        std::string_view value = take_until(info, '\n');
        if (value.ends_with('\r')) {
            value.remove_suffix(1);
        }
        const std::string_view name = take_until(value, ':');
        if (name == "valkey_version" || (name == "redis_version" && facts.version.empty())) {
            facts.version = value;
        } else if (name == "run_id") {
            facts.run_id = value;
        } else if (name == "master_replid") {
            facts.replication_id = value;
        } else if (name == "role") {
            facts.is_primary = value == "master";
        } else if (name == "redis_mode" || name == "server_mode") {
            facts.is_cluster = value == "cluster";
        } else if (names_replica(name)) {
            facts.replicas.push_back(parse_replica(value));
        }
    }
    return facts;
}

}  // namespace fermata::redis
