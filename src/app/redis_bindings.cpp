#include "app/redis_bindings.h"

#include <cerrno>
#include <chrono>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

namespace fermata::app {

namespace {

constexpr std::string_view kSection = "persistence";

Error wrong(std::string message) {
    return {ErrorCode::kInvalidArgument, std::move(message)};
}

std::size_t size(const Settings& settings, std::string_view name) {
    return static_cast<std::size_t>(settings.integer(kSection, name));
}

Result<std::vector<redis::Address>> nodes(const Settings& settings) {
    std::string list;
    for (const std::string& node : settings.list(kSection, "redis-nodes")) {
        list += (list.empty() ? "" : ";") + node;
    }
    if (list.empty()) {
        return wrong(
            "[persistence] redis-nodes: no node is named: write the host and port of at least "
            "one, such as redis1:6379;redis2:6379;redis3:6379");
    }
    auto parsed = redis::parse_address_list(list);
    return parsed ? std::move(parsed) : parsed.error().with_context("[persistence] redis-nodes");
}

redis::TlsOptions tls(const Settings& settings) {
    redis::TlsOptions options;
    options.enabled = settings.boolean(kSection, "tls-enabled");
    options.cert = settings.text(kSection, "tls-cert");
    options.key = settings.text(kSection, "tls-key");
    options.cacert = settings.text(kSection, "tls-cacert");
    options.cacertdir = settings.text(kSection, "tls-cacertdir");
    options.sni = settings.text(kSection, "tls-sni");
    options.verify_hostname = settings.boolean(kSection, "tls-verify-hostname");
    return options;
}

Result<redis::Options> client(const Settings& settings) {
    redis::Options options;
    FERMATA_TRY_ASSIGN(options.nodes, nodes(settings));
    options.username = settings.text(kSection, "username");
    FERMATA_TRY_ASSIGN(options.password, redis_password(settings));
    options.tls = tls(settings);
    options.client_name =
        "fermata-node" + std::to_string(settings.integer("orchestration", "node-id"));
    options.connect_timeout = settings.duration(kSection, "redis-connect-timeout");
    options.socket_timeout = settings.duration(kSection, "redis-socket-timeout");
    options.wait_replicas =
        static_cast<unsigned>(settings.integer(kSection, "redis-wait-replicas"));
    options.degrade_after = settings.duration(kSection, "redis-degrade-after");
    options.in_flight_bytes_max = size(settings, "redis-in-flight-bytes");
    if (const auto checked = redis::check(options); !checked) {
        return checked.error().with_context("[persistence]");
    }
    return options;
}

}  // namespace

Result<redis_store::Options> redis_store_options(const Settings& settings) {
    redis_store::Options options;
    FERMATA_TRY_ASSIGN(options.client, client(settings));
    options.cluster = settings.text("cluster", "name");
    options.partition_count = static_cast<Partition>(settings.integer(kSection, "partitions"));
    options.journal.length = static_cast<std::uint32_t>(settings.integer("journal", "length"));
    options.session_age_max = settings.duration("scxml", "max-session-age");
    options.replay_window = settings.duration(kSection, "redis-replay-window");
    options.replay_bytes_max = size(settings, "redis-replay-bytes");
    options.queue_bytes_max = size(settings, "max-waiting-bytes");
    return options;
}

Result<std::string> redis_password(const Settings& settings) {
    const std::string& path = settings.text(kSection, "password-file");
    const std::string& password = settings.text(kSection, "password");
    if (path.empty()) {
        return password;
    }
    if (!password.empty()) {
        return wrong("[persistence] password and password-file are both set: set one of them");
    }
    errno = 0;
    std::ifstream file(path);
    std::string line;
    if (!file.is_open() || !(std::getline(file, line) || file.eof())) {
        return wrong("[persistence] password-file: " + path +
                     " cannot be read: " + std::generic_category().message(errno));
    }
    if (line.ends_with('\r')) {
        line.pop_back();
    }
    if (line.empty()) {
        return wrong("[persistence] password-file: the first line of " + path + " is empty");
    }
    return line;
}

}  // namespace fermata::app
