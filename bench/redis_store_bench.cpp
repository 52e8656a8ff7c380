// One measurement of the Redis store or of its reference, as one line of JSON.
//
//   redis_store_bench store|loop|hset SESSIONS_A_COMMIT WAIT_REPLICAS [SECONDS [PARTITIONS]]
//   redis_store_bench recovery SESSIONS [ENDED]
//
// Finds its cluster in the environment, as tests do: tests/support/with_redis.py --
// redis_store_bench … bench/redis_run.py prints the tables.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include "redis_load.h"

namespace fermata::bench {
namespace {

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

LoadOptions load_options() {
    LoadOptions options;
    redis::Options& client = options.store.client;
    const auto nodes = redis::parse_address_list(environment("FERMATA_TEST_REDIS"));
    if (!nodes) {
        std::fprintf(stderr, "start this through tests/support/with_redis.py\n");
        std::exit(2);
    }
    client.nodes = *nodes;
    client.tls.cacert = environment("FERMATA_TEST_REDIS_CACERT");
    client.tls.enabled = !client.tls.cacert.empty();
    client.wait_replicas = 0;
    options.store.cluster = "bench-" + std::to_string(getpid());
    options.store.partition_count = kLoadPartitions;
    // A server runs for longer than its replay window: here too, each call that is kept takes the
    // place of one that is dropped.
    options.store.replay_window = std::chrono::milliseconds(500);
    return options;
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) {
        return 0;
    }
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

void print(const LoadFigures& figures) {
    const double commits = std::max(1.0, static_cast<double>(figures.commits));
    std::printf(
        R"({"per_second": %.0f, "client_us": %.3f, "server_us": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "calls_a_batch": %.1f})"
        "\n",
        commits / figures.seconds, figures.client_cpu_seconds / commits * 1e6,
        figures.server_cpu_seconds / commits * 1e6, percentile(figures.call_ms, 0.5),
        percentile(figures.call_ms, 0.99), figures.calls_a_batch);
}

void print(const RecoveryFigures& figures) {
    const double sessions = std::max(1.0, static_cast<double>(figures.sessions));
    std::printf(
        R"({"sessions": %.0f, "timers": %.0f, "seconds": %.3f, "first_seconds": %.3f, "client_us": %.3f, )"
        R"("server_us": %.3f, "bare_seconds": %.3f})"
        "\n",
        sessions, static_cast<double>(figures.timers), figures.seconds,
        figures.first_partition_seconds, figures.client_cpu_seconds / sessions * 1e6,
        figures.server_cpu_seconds / sessions * 1e6, figures.bare_seconds);
}

int run(int count, char** words) {
    if (count < 3) {
        std::fprintf(stderr, "usage: redis_store_bench store|loop|hset SESSIONS WAIT [SECONDS]\n");
        return 2;
    }
    const std::string mode = words[1];
    LoadOptions options = load_options();
    if (mode == "recovery") {
        const std::size_t ended = count > 3 ? std::strtoul(words[3], nullptr, 10) : 0;
        print(run_recovery(options, std::strtoul(words[2], nullptr, 10), ended));
        return 0;
    }
    options.sessions_a_commit = std::strtoul(words[2], nullptr, 10);
    options.store.client.wait_replicas =
        count > 3 ? static_cast<unsigned>(std::strtoul(words[3], nullptr, 10)) : 0;
    if (count > 4) {
        options.duration = std::chrono::seconds(std::strtoul(words[4], nullptr, 10));
    }
    if (count > 5) {
        const auto partitions = static_cast<Partition>(std::strtoul(words[5], nullptr, 10));
        options.partitions = std::clamp<Partition>(partitions, 1, kLoadPartitions);
    }
    LoadFigures figures = mode == "store"  ? run_store(options)
                          : mode == "hset" ? run_hset(options)
                                           : run_loop(options);
    if (mode == "store") {
        figures.client_cpu_seconds -= load_seconds(options) * static_cast<double>(figures.commits);
    }
    print(figures);
    return 0;
}

}  // namespace
}  // namespace fermata::bench

int main(int count, char** words) {
    return fermata::bench::run(count, words);
}
