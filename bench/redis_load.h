// The load of the Redis benchmarks: sessions of 64 partitions that change four fields of 256 bytes,
// set one timer and remove another, add one outbox entry of 128 bytes and remove the former one.
// The store and the bare loop call the same script with the same bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "redis/client.h"
#include "redis_store/options.h"
#include "store/store.h"

namespace fermata::bench {

inline constexpr Partition kLoadPartitions = 64;

struct LoadOptions {
    redis_store::Options store;
    std::size_t sessions_a_commit = 1;
    std::size_t sessions_a_partition = 200;
    Partition partitions = kLoadPartitions;  // calls under way at a time; of the loop only
    // Before it: the memory of a process that has just begun costs more than the calls do.
    std::chrono::milliseconds warm_up{1500};
    std::chrono::milliseconds duration{3000};
};

struct LoadFigures {
    std::uint64_t commits = 0;  // of sessions
    std::uint64_t calls = 0;
    double seconds = 0;
    double client_cpu_seconds = 0;
    double server_cpu_seconds = 0;  // of the primaries
    std::vector<double> call_ms;
    double calls_a_batch = 0;  // of one WAIT
};

struct LoadSession {
    SessionId id;
    std::uint64_t seq = 0;
    std::uint64_t outbox = 0;  // number of its outbox entry
};

SessionId load_session(Partition partition, std::size_t index);
// The step after session.seq. Payloads are the same each time.
store::SessionCommit load_step(const LoadSession& session);

// User and system time of this process.
double cpu_seconds();
// The same of all primaries.
double primaries_cpu_seconds(redis::Client& client);

// Processor time of making the commit of one session, which the engine does in earnest.
double load_seconds(const LoadOptions& options);

LoadFigures run_store(const LoadOptions& options);
// hiredis, one connection a primary: the calls of all its partitions, WAIT, then the answers.
LoadFigures run_loop(const LoadOptions& options);
// The same with HSET of the four fields in place of the script.
LoadFigures run_hset(const LoadOptions& options);

struct RecoveryFigures {
    std::uint64_t sessions = 0;
    std::uint64_t timers = 0;
    double first_partition_seconds = 0;  // served, while the others still load
    double seconds = 0;
    double client_cpu_seconds = 0;
    double server_cpu_seconds = 0;
    double bare_seconds = 0;  // HMGET of the same sessions, pipelined, with hiredis
};
// `ended`: sessions that have ended and not expired, beside them.
RecoveryFigures run_recovery(const LoadOptions& options, std::size_t sessions, std::size_t ended);

}  // namespace fermata::bench
