#include "app/redis_figures.h"

#include <functional>
#include <string>
#include <string_view>

namespace fermata::app {

namespace {

using Figure = std::function<double(const redis::PrimaryStatus&)>;

api::Metric of_primaries(const redis::Status& status, std::string_view name, std::string_view help,
                         const Figure& figure) {
    api::Metric metric{name, "gauge", help, {}};
    for (const redis::PrimaryStatus& primary : status.primaries) {
        metric.samples.push_back(
            {"{primary=\"" + primary.address.to_string() + "\"}", figure(primary)});
    }
    return metric;
}

api::Metric counter(std::string_view name, std::string_view help, std::uint64_t value) {
    return {name, "counter", help, {{"", static_cast<double>(value)}}};
}

void add_primaries(std::vector<api::Metric>& all, const redis::Status& status) {
    all.push_back(of_primaries(status, "fermata_redis_primary_ready",
                               "1 when the primary takes commands",
                               [](const redis::PrimaryStatus& primary) {
                                   return primary.state == redis::PrimaryState::kReady ? 1 : 0;
                               }));
    all.push_back(of_primaries(
        status, "fermata_redis_primary_slots", "slots that the primary serves",
        [](const redis::PrimaryStatus& primary) { return static_cast<double>(primary.slots); }));
    all.push_back(of_primaries(
        status, "fermata_redis_primary_replicas", "replicas connected to the primary",
        [](const redis::PrimaryStatus& primary) { return static_cast<double>(primary.replicas); }));
    all.push_back(
        of_primaries(status, "fermata_redis_primary_degraded",
                     "1 while commits are acknowledged without replicas",
                     [](const redis::PrimaryStatus& primary) { return primary.degraded ? 1 : 0; }));
    all.push_back(of_primaries(status, "fermata_redis_primary_waiting",
                               "commands that the primary has not answered",
                               [](const redis::PrimaryStatus& primary) {
                                   return static_cast<double>(primary.requests_waiting);
                               }));
    all.push_back(of_primaries(status, "fermata_redis_primary_waiting_bytes", "their bytes",
                               [](const redis::PrimaryStatus& primary) {
                                   return static_cast<double>(primary.bytes_waiting);
                               }));
    all.push_back(
        of_primaries(status, "fermata_redis_primary_oldest_seconds", "age of the oldest of them",
                     [](const redis::PrimaryStatus& primary) {
                         return std::chrono::duration<double>(primary.oldest_unanswered).count();
                     }));
}

void add_client(std::vector<api::Metric>& all, const redis::Status& status) {
    all.push_back({"fermata_redis_slots_missing",
                   "gauge",
                   "slots of the cluster without a primary that is ready, or torn",
                   {{"", static_cast<double>(status.slots_missing)}}});
    const redis::Counters& counters = status.counters;
    all.push_back(counter("fermata_redis_commands_total", "commands handed to the client",
                          counters.requests));
    all.push_back(counter("fermata_redis_batches_total", "batches of writes, each with one WAIT",
                          counters.batches));
    all.push_back(counter("fermata_redis_writes_total", "writes in these batches",
                          counters.batched_requests));
    all.push_back(counter("fermata_redis_retries_total",
                          "commands sent once more: redirected, refused or without an answer",
                          counters.retries));
    all.push_back(counter("fermata_redis_short_waits_total",
                          "writes acknowledged with fewer replicas than redis-wait-replicas",
                          counters.degraded_requests));
    all.push_back(counter("fermata_redis_connects_total", "connections made", counters.connects));
    all.push_back(counter("fermata_redis_connection_losses_total", "connections lost or given up",
                          counters.connection_losses));
    all.push_back(counter("fermata_redis_primary_changes_total",
                          "ranges of slots that another primary took over, or the same one after "
                          "a restart",
                          counters.primary_changes));
}

void add_redo(std::vector<api::Metric>& all, const redis_store::RedoCounters& redo) {
    all.push_back(counter("fermata_redis_redos_total",
                          "times that Redis had lost commits of a partition, and they were written "
                          "again",
                          redo.redos));
    all.push_back(
        counter("fermata_redis_commits_redone_total", "calls written again", redo.calls_redone));
    all.push_back(counter("fermata_redis_partitions_lost_total",
                          "times that Redis had lost more than redis-replay-window holds",
                          redo.partitions_lost));
    all.push_back(counter("fermata_redis_replay_dropped_total",
                          "calls that left the replay window early, for redis-replay-bytes",
                          redo.calls_dropped_early));
    all.push_back({"fermata_redis_replay_bytes",
                   "gauge",
                   "what the replay window holds now, of redis-replay-bytes",
                   {{"", static_cast<double>(redo.logged_bytes)}}});
}

}  // namespace

std::vector<api::Metric> redis_figures(const redis::Status& status,
                                       const redis_store::RedoCounters& redo) {
    std::vector<api::Metric> all;
    add_primaries(all, status);
    add_client(all, status);
    add_redo(all, redo);
    return all;
}

std::vector<api::Metric> redis_figures(const redis_store::RedisStore& store) {
    return redis_figures(store.status(), store.redo_counters());
}

}  // namespace fermata::app
