// ServerFacts: what a server says of itself in INFO.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fermata::redis {

struct ReplicaFacts {
    bool is_online = false;       // it has its first copy and follows
    std::chrono::seconds lag{0};  // since it last acknowledged; -1: never
};

struct ServerFacts {
    std::string version;         // "7.0.15"; of Valkey its own
    std::string run_id;          // another one after each start of the process
    std::string replication_id;  // another one when a replica becomes primary
    bool is_primary = true;
    bool is_cluster = false;
    std::vector<ReplicaFacts> replicas;

    // Those that follow and acknowledged within `lag_max`.
    [[nodiscard]] unsigned live_replicas(std::chrono::seconds lag_max) const;
    // The same process with the same data before and after, as far as one can know.
    [[nodiscard]] bool is_same_history(const ServerFacts& other) const {
        return run_id == other.run_id && replication_id == other.replication_id;
    }
};

// Lines "name:value"; what is missing stays at its default.
ServerFacts parse_info(std::string_view info);

}  // namespace fermata::redis
