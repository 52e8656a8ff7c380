#include "api/metrics.h"

#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "api/forwarding.h"
#include "api/resources.h"
#include "api/streams.h"

namespace fermata::api {

namespace {

constexpr std::string_view kPrometheusType = "text/plain; version=0.0.4; charset=utf-8";
constexpr double kNanosecond = 1e-9;
constexpr double kMicrosecond = 1e-6;

std::string format_number(double number) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
    return {text.data(), end.ptr};
}

Metric single(std::string_view name, std::string_view type, std::string_view help, double value) {
    return {name, type, help, {{"", value}}};
}

Metric counter(std::string_view name, std::string_view help, std::uint64_t value) {
    return single(name, "counter", help, static_cast<double>(value));
}

Metric gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    return single(name, "gauge", help, static_cast<double>(value));
}

void add_engine(std::vector<Metric>& all, const engine::EngineCounters& engine) {
    all.push_back(gauge("fermata_sessions_active", "sessions in memory", engine.sessions_active));
    all.push_back(gauge("fermata_sessions_passivated", "live sessions that are in the store only",
                        engine.sessions_passivated));
    all.push_back(
        counter("fermata_sessions_started_total", "sessions started", engine.sessions_started));
    all.push_back(counter("fermata_sessions_ended_total", "sessions ended, for whatever reason",
                          engine.sessions_ended));
    all.push_back(counter("fermata_sessions_failed_total",
                          "sessions ended for a limit or a lost document", engine.sessions_failed));
    all.push_back(counter("fermata_sessions_restored_total", "sessions read back from the store",
                          engine.sessions_restored));
    all.push_back(counter("fermata_events_total", "external events processed", engine.events));
    all.push_back(counter("fermata_macrosteps_total", "macrosteps taken", engine.macrosteps));
    all.push_back(single("fermata_macrostep_seconds_total", "counter",
                         "time spent in the interpreter",
                         static_cast<double>(engine.macrostep_ns) * kNanosecond));
    all.push_back(counter("fermata_commits_total", "commits of sessions", engine.commits));
    all.push_back(
        gauge("fermata_timers_pending", "delayed events that wait", engine.timers_pending));
    all.push_back(counter("fermata_timers_fired_total", "delayed events that became due",
                          engine.timers_fired));
    all.push_back(gauge("fermata_outbox_pending", "effects committed and not yet carried out",
                        engine.outbox_pending));
    all.push_back(
        gauge("fermata_queue_waiting", "calls that wait for a shard", engine.queue_waiting));
    all.push_back(counter("fermata_refused_total", "calls answered `overloaded`", engine.refused));
    all.push_back(gauge("fermata_charts", "compiled charts in memory", engine.charts));
    all.push_back(
        gauge("fermata_script_bytes", "memory of the script runtimes", engine.script_bytes));
}

void add_store(std::vector<Metric>& all, const store::StoreCounters& store) {
    all.push_back(counter("fermata_store_commits_total", "session commits handed to the store",
                          store.commits));
    all.push_back(
        counter("fermata_store_batches_total", "batches handed to the store", store.batches));
    all.push_back(
        counter("fermata_store_groups_total", "atomic writes to the medium", store.groups));
    all.push_back(counter("fermata_store_bytes_total", "bytes handed to the medium", store.bytes));
    all.push_back(
        gauge("fermata_store_waiting", "batches that wait for the medium", store.waiting));
}

void add_forwarding(std::vector<Metric>& all, const ForwardingCounts& forwarding) {
    all.push_back(counter("fermata_forwarded_total",
                          "requests sent on to the instance that owns their session",
                          forwarding.forwarded));
    all.push_back(counter("fermata_redirected_total",
                          "requests answered with where their session is", forwarding.redirected));
    all.push_back(counter("fermata_forwarding_repeats_total",
                          "further attempts: the owner had changed or was not there",
                          forwarding.repeated));
    all.push_back(counter("fermata_inbox_events_total",
                          "events put into an inbox because nobody owned their session",
                          forwarding.put_into_inbox));
}

Metric http_durations(const HttpMetrics& http) {
    Metric metric{"fermata_http_request_duration_seconds",
                  "histogram",
                  "time from a request to its answer",
                  {}};
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < http.durations.size(); ++i) {
        total += http.durations.at(i);
        const bool last = i == HttpMetrics::kBoundsUs.size();
        const std::string bound =
            last ? "+Inf"
                 : format_number(static_cast<double>(HttpMetrics::kBoundsUs.at(i)) * kMicrosecond);
        metric.samples.push_back({"_bucket{le=\"" + bound + "\"}", static_cast<double>(total)});
    }
    metric.samples.push_back({"_sum", static_cast<double>(http.duration_us) * kMicrosecond});
    metric.samples.push_back({"_count", static_cast<double>(total)});
    return metric;
}

void add_http(std::vector<Metric>& all, const HttpMetrics& http) {
    all.push_back(gauge("fermata_http_connections", "open connections",
                        http.connections_opened.load() - http.connections_closed.load()));
    all.push_back(
        counter("fermata_http_received_bytes_total", "bytes received", http.received_bytes));
    all.push_back(counter("fermata_http_sent_bytes_total", "bytes sent", http.sent_bytes));
    Metric answers{
        "fermata_http_answers_total", "counter", "answers, by the first digit of their status", {}};
    for (std::size_t digit = 1; digit < http.answers.size(); ++digit) {
        answers.samples.push_back({"{status=\"" + std::to_string(digit) + "xx\"}",
                                   static_cast<double>(http.answers.at(digit).load())});
    }
    all.push_back(std::move(answers));
    Metric refusals{"fermata_http_refused_total",
                    "counter",
                    "requests and connections refused before any handler",
                    {}};
    for (std::size_t i = 0; i < http.refusals.size(); ++i) {
        const std::string reason(http::to_string(static_cast<http::Refusal>(i)));
        refusals.samples.push_back(
            {"{reason=\"" + reason + "\"}", static_cast<double>(http.refusals.at(i).load())});
    }
    all.push_back(std::move(refusals));
    all.push_back(http_durations(http));
}

}  // namespace

std::vector<Metric> collect_metrics(MetricSources sources) {
    std::vector<Metric> all;
    all.push_back(gauge("fermata_ready", "1 when the server takes work", sources.ready ? 1 : 0));
    add_engine(all, sources.engine);
    add_store(all, sources.store);
    add_http(all, sources.http);
    all.push_back(gauge("fermata_streams", "event streams open", sources.streams));
    add_forwarding(all, sources.forwarding);
    std::move(sources.more.begin(), sources.more.end(), std::back_inserter(all));
    return all;
}

std::string format_metrics(const std::vector<Metric>& metrics) {
    std::string text;
    for (const Metric& metric : metrics) {
        const std::string name(metric.name);
        text += "# HELP " + name + " " + std::string(metric.help) + "\n";
        text += "# TYPE " + name + " " + std::string(metric.type) + "\n";
        for (const MetricSample& sample : metric.samples) {
            text += name + sample.labels + " " + format_number(sample.value) + "\n";
        }
    }
    return text;
}

Routes metrics_routes(Context& context) {
    return {
        {"GET",
         "/metrics",
         "metrics",
         "metrics",
         "counters and gauges for Prometheus",
         Access::kRead,
         {},
         {},
         {{200, "exposition format 0.0.4", "text/plain", ""}},
         [&context](const http::Request&, const http::Responder& responder) {
             const auto& more = context.options.store_metrics;
             MetricSources sources{context.engine.counters(),
                                   context.store.counters(),
                                   context.http_metrics,
                                   context.streams.count(),
                                   not_ready_reason(context).empty(),
                                   context.forwarding.counts(),
                                   more ? more() : std::vector<Metric>()};
             responder.send({200,
                             {{"Content-Type", std::string(kPrometheusType)}},
                             format_metrics(collect_metrics(std::move(sources)))});
         }},
    };
}

}  // namespace fermata::api
