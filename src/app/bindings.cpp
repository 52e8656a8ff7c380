#include "app/bindings.h"

#include <array>
#include <utility>

#include "app/version.h"

namespace fermata::app {

namespace {

// A number of the table, whose bounds fit the field it goes to.
template <typename Number>
void take(const Settings& settings, std::string_view section, std::string_view name,
          Number& field) {
    field = static_cast<Number>(settings.integer(section, name));
}

void take(const Settings& settings, std::string_view section, std::string_view name,
          std::chrono::milliseconds& field) {
    field = settings.duration(section, name);
}

void take(const Settings& settings, std::string_view section, std::string_view name,
          std::chrono::seconds& field) {
    field = std::chrono::duration_cast<std::chrono::seconds>(settings.duration(section, name));
}

SessionLimits session_limits(const Settings& settings) {
    SessionLimits limits;
    take(settings, "scxml", "max-microstep-count", limits.microstep_count_max);
    take(settings, "scxml", "max-state-entry-count", limits.state_entry_count_max);
    take(settings, "scxml", "max-pending-events", limits.pending_events_max);
    take(settings, "scxml", "max-events-per-run", limits.macrosteps_per_run_max);
    take(settings, "scxml", "max-effects-per-run", limits.effects_per_run_max);
    take(settings, "scxml", "process-event-timeout", limits.process_event_timeout);
    take(settings, "scxml", "max-event-size", limits.event_bytes_max);
    take(settings, "scxml", "max-session-size", limits.session_bytes_max);
    take(settings, "scxml", "max-timers", limits.timers_max);
    take(settings, "scxml", "max-invokes", limits.invokes_max);
    take(settings, "scxml", "script-memory", limits.script_memory_max);
    take(settings, "scxml", "script-stack", limits.script_stack_max);
    return limits;
}

DocumentLimits document_limits(const Settings& settings) {
    DocumentLimits limits;
    take(settings, "scxml", "max-document-size", limits.bytes_max);
    take(settings, "scxml", "max-includes", limits.includes_max);
    take(settings, "scxml", "max-xml-depth", limits.depth_max);
    take(settings, "scxml", "max-xml-nodes", limits.nodes_max);
    return limits;
}

}  // namespace

engine::Options engine_options(const Settings& settings) {
    engine::Options options;
    options.session = session_limits(settings);
    options.document = document_limits(settings);
    take(settings, "scxml", "session-processing-threads", options.shards);
    if (settings.boolean("orchestration", "sessionid-with-nodeid")) {
        take(settings, "orchestration", "node-id", options.node);
    }
    take(settings, "scxml", "max-session-age", options.session_age_max);
    take(settings, "scxml", "persistence-max-active", options.active_max);
    take(settings, "scxml", "passivate-after", options.passivate_after);
    take(settings, "scxml", "ended-session-retention", options.ended_retention);
    take(settings, "scxml", "idempotency-retention", options.answer_retention);
    take(settings, "scxml", "shard-queue-length", options.queue_length_max);
    take(settings, "scxml", "max-compiler-cached-docs", options.charts_max);
    take(settings, "scxml", "live-buffer-length", options.live_buffer_max);
    take(settings, "journal", "length", options.journal.length);
    take(settings, "http", "answer-timeout", options.answer_timeout);
    options.recovers_in_background = settings.text("persistence", "type") == "redis";
    return options;
}

http::ServerOptions server_options(const Settings& settings) {
    http::ServerOptions options;
    options.address = settings.text("http", "address");
    take(settings, "http", "port", options.port);
    take(settings, "http", "threads", options.threads);
    options.tls_certificate_file = settings.text("http", "tls-certificate");
    options.tls_key_file = settings.text("http", "tls-key");
    take(settings, "http", "max-body-size", options.body_bytes_max);
    take(settings, "http", "max-header-size", options.header_bytes_max);
    take(settings, "http", "header-timeout", options.header_timeout);
    take(settings, "http", "body-timeout", options.body_timeout);
    take(settings, "http", "min-body-rate", options.body_bytes_per_second_min);
    take(settings, "http", "body-rate-grace", options.body_rate_grace);
    take(settings, "http", "idle-timeout", options.idle_timeout);
    take(settings, "http", "write-timeout", options.write_timeout);
    take(settings, "http", "max-connections", options.connections_max);
    take(settings, "http", "max-requests-in-flight", options.requests_in_flight_max);
    take(settings, "http", "max-pipelined", options.pipelined_max);
    take(settings, "http", "retry-after", options.retry_after);
    take(settings, "http", "max-stream-buffer", options.stream_buffer_bytes_max);
    return options;
}

api::Options api_options(const Settings& settings) {
    api::Options options;
    take(settings, "orchestration", "node-id", options.node);
    options.parse_start_params = settings.boolean("orchestration", "parse-start-params");
    take(settings, "http", "request-timeout", options.request_timeout);
    take(settings, "http", "max-streams", options.streams_max);
    take(settings, "http", "heartbeat-interval", options.heartbeat_interval);
    take(settings, "scxml", "max-document-size", options.document_bytes_max);
    options.version = kVersion;
    options.forwarding = settings.text("cluster", "forwarding") == "redirect"
                             ? api::ForwardingMode::kRedirect
                             : api::ForwardingMode::kProxy;
    take(settings, "http", "answer-timeout", options.answer_timeout);
    options.peers = peer_client_options(settings);
    return options;
}

http::ClientOptions peer_client_options(const Settings& settings) {
    http::ClientOptions options = api::peer_client_options();
    options.tls_ca_file = settings.text("fetch", "tls-ca-file");
    return options;
}

OutsideOptions outside_options(const Settings& settings) {
    OutsideOptions options;
    if (const std::string& folder = settings.text("documents", "folder"); !folder.empty()) {
        options.policy.folders.push_back(folder);
    }
    options.policy.fetch_prefixes = settings.list("documents", "url-prefixes");
    for (const std::string& prefix : settings.list("scxml", "fetch-prefixes")) {
        options.policy.fetch_prefixes.push_back(prefix);
    }
    options.policy.send_prefixes = settings.list("scxml", "send-prefixes");
    take(settings, "scxml", "max-document-size", options.bytes_max);
    take(settings, "fetch", "timeout", options.timeout);
    take(settings, "fetch", "max-redirects", options.redirects_max);
    take(settings, "fetch", "connect-timeout", options.client.connect_timeout);
    take(settings, "fetch", "max-in-flight", options.client.in_flight_max);
    take(settings, "fetch", "max-connections-per-host", options.client.connections_per_host_max);
    take(settings, "fetch", "max-queued", options.client.queued_max);
    options.client.proxy = settings.text("fetch", "proxy");
    options.client.proxy_exceptions = settings.text("fetch", "proxy-exceptions");
    options.client.tls_ca_file = settings.text("fetch", "tls-ca-file");
    options.client.user_agent = "fermata/" + std::string(kVersion);
    return options;
}

store::EmbeddedOptions embedded_options(const Settings& settings) {
    store::EmbeddedOptions options;
    options.folder = settings.text("persistence", "folder");
    take(settings, "persistence", "partitions", options.partition_count);
    take(settings, "journal", "length", options.journal.length);
    take(settings, "persistence", "cache-size", options.cache_bytes);
    take(settings, "persistence", "write-buffer-size", options.write_buffer_bytes);
    take(settings, "persistence", "max-open-files", options.open_files_max);
    take(settings, "persistence", "background-jobs", options.background_jobs);
    take(settings, "persistence", "max-waiting-commits", options.queue_length_max);
    take(settings, "persistence", "max-waiting-bytes", options.queue_bytes_max);
    take(settings, "persistence", "max-group-size", options.group_bytes_max);
    return options;
}

store::MemoryOptions memory_options(const Settings& settings) {
    store::MemoryOptions options;
    take(settings, "persistence", "partitions", options.partition_count);
    take(settings, "journal", "length", options.journal.length);
    return options;
}

log::Options log_options(const Settings& settings) {
    using enum log::Level;
    static constexpr std::array<std::pair<std::string_view, log::Level>, 7> kLevels{
        {{"trace", kTrace},
         {"debug", kDebug},
         {"info", kInfo},
         {"warning", kWarning},
         {"error", kError},
         {"critical", kCritical},
         {"off", kOff}}};
    log::Options options;
    for (const auto& [name, level] : kLevels) {
        options.level = settings.text("log", "level") == name ? level : options.level;
    }
    options.format =
        settings.text("log", "format") == "json" ? log::Format::kJson : log::Format::kText;
    options.file = settings.text("log", "file");
    return options;
}

}  // namespace fermata::app
