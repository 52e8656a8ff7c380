#include "app/cluster_figures.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace fermata::app {

namespace {

using cluster::Role;

constexpr std::array kRoles{Role::kJoining, Role::kStandby, Role::kActing, Role::kRefused,
                            Role::kLeft};

api::Metric gauge(std::string_view name, std::string_view help, double value) {
    return {name, "gauge", help, {{"", value}}};
}

api::Metric counter(std::string_view name, std::string_view help, std::uint64_t value) {
    return {name, "counter", help, {{"", static_cast<double>(value)}}};
}

api::Metric role_of(const cluster::Status& status) {
    api::Metric metric{"fermata_cluster_role", "gauge", "1 for the role of this instance", {}};
    for (const Role role : kRoles) {
        metric.samples.push_back(
            {"{role=\"" + std::string(to_string(role)) + "\"}", role == status.role ? 1.0 : 0.0});
    }
    return metric;
}

double count_living(const cluster::Status& status) {
    return static_cast<double>(
        std::count_if(status.nodes.begin(), status.nodes.end(),
                      [](const cluster::NodeStatus& node) { return node.alive; }));
}

double count_unowned(const cluster::Status& status) {
    return static_cast<double>(
        std::count_if(status.owners.begin(), status.owners.end(),
                      [](const store::Ownership& owner) { return owner.node == store::kNobody; }));
}

void add_gauges(std::vector<api::Metric>& all, const cluster::Status& status) {
    all.push_back(role_of(status));
    all.push_back(gauge("fermata_cluster_lease_left_seconds",
                        "until this instance stops serving unless its lease is renewed",
                        std::chrono::duration<double>(status.lease_left).count()));
    all.push_back(
        gauge("fermata_cluster_suspended", "1 while it has no lease", status.suspended ? 1 : 0));
    all.push_back(gauge("fermata_cluster_draining", "1 when it hands everything over",
                        status.draining ? 1 : 0));
    all.push_back(gauge("fermata_cluster_settled", "1 when every partition is where it should be",
                        status.settled ? 1 : 0));
    all.push_back(gauge("fermata_cluster_record_format",
                        "format in which session records are written", status.format_written));
    all.push_back(gauge("fermata_cluster_partitions_held", "partitions of this instance",
                        status.partitions_held));
    all.push_back(gauge("fermata_cluster_partitions_unowned",
                        "partitions that nobody owns, as far as it knows", count_unowned(status)));
    all.push_back(gauge("fermata_cluster_instances_alive",
                        "instances that live as far as it sees, itself included",
                        count_living(status)));
}

void add_counters(std::vector<api::Metric>& all, const cluster::Counters& counters,
                  const InboxHintCounters& hints, const RequestAnswerCounters& answers) {
    all.push_back(
        counter("fermata_cluster_suspensions_total", "leases that ran out", counters.suspensions));
    all.push_back(counter("fermata_cluster_resumptions_total",
                          "leases won back before anybody took over", counters.resumptions));
    all.push_back(counter("fermata_cluster_records_lost_total",
                          "times that another instance took this one for dead",
                          counters.records_lost));
    all.push_back(counter("fermata_cluster_declared_dead_total",
                          "instances that this one declared dead", counters.declared_dead));
    all.push_back(counter("fermata_cluster_takeovers_total",
                          "times that this one took the place of its node's former instance",
                          counters.takeovers));
    all.push_back(counter("fermata_cluster_claims_total", "partitions claimed", counters.claims));
    all.push_back(
        counter("fermata_cluster_releases_total", "partitions handed back", counters.releases));
    all.push_back(counter("fermata_cluster_hints_total",
                          "times that another instance was told of a filled inbox", hints.sent));
    all.push_back(counter("fermata_cluster_hints_failed_total", "of them not taken", hints.failed));
    all.push_back(counter("fermata_cluster_answers_total",
                          "answers to requests that other instances hold", answers.sent));
    all.push_back(
        counter("fermata_cluster_answers_failed_total", "of them not taken", answers.failed));
}

}  // namespace

std::vector<api::Metric> cluster_figures(const cluster::Status& status,
                                         const InboxHintCounters& hints,
                                         const RequestAnswerCounters& answers) {
    std::vector<api::Metric> all;
    add_gauges(all, status);
    add_counters(all, status.counters, hints, answers);
    return all;
}

}  // namespace fermata::app
