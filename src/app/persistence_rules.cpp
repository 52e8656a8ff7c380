#include "app/persistence_rules.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "app/redis_bindings.h"

namespace fermata::app {

namespace {

constexpr std::string_view kSection = "persistence";
constexpr std::size_t kClusterNameMax = 64;

Error wrong(std::string message) {
    return {ErrorCode::kInvalidArgument, std::move(message)};
}

const std::string& text(const Settings& settings, std::string_view name) {
    return settings.text(kSection, name);
}

bool is_set(const Settings& settings, std::string_view name) {
    return !text(settings, name).empty();
}

// Opens the file as the client will: rights and links are judged by the system.
Result<void> check_readable(const Settings& settings, std::string_view name) {
    const std::string& path = text(settings, name);
    if (path.empty()) {
        return {};
    }
    std::error_code problem;
    if (std::filesystem::is_directory(path, problem)) {
        return wrong("[persistence] " + std::string(name) + ": " + path +
                     " is a folder; a file is needed");
    }
    errno = 0;
    const std::ifstream file(path);
    if (!file.is_open()) {
        return wrong("[persistence] " + std::string(name) + ": " + path +
                     " cannot be read: " + std::generic_category().message(errno));
    }
    return {};
}

Result<void> check_folder(const Settings& settings, std::string_view name) {
    const std::string& path = text(settings, name);
    if (path.empty()) {
        return {};
    }
    std::error_code problem;
    const std::filesystem::directory_iterator entries(path, problem);
    if (problem) {
        return wrong("[persistence] " + std::string(name) + ": " + path +
                     " cannot be read as a folder: " + problem.message());
    }
    if (entries == std::filesystem::directory_iterator()) {
        return wrong("[persistence] " + std::string(name) + ": the folder " + path +
                     " is empty; it must hold the authorities' certificates under their hashes "
                     "(`openssl rehash`)");
    }
    return {};
}

Result<void> check_tls(const Settings& settings) {
    if (is_set(settings, "tls-cert") != is_set(settings, "tls-key")) {
        const bool has_cert = is_set(settings, "tls-cert");
        return wrong("[persistence] tls-cert and tls-key go together, but only " +
                     std::string(has_cert ? "tls-cert" : "tls-key") + " is set: set " +
                     (has_cert ? "tls-key to the private key of that certificate"
                               : "tls-cert to the certificate of that key") +
                     ", or neither of both");
    }
    if (!settings.boolean(kSection, "tls-enabled")) {
        return {};
    }
    for (const std::string_view name : {"tls-cert", "tls-key", "tls-cacert"}) {
        FERMATA_TRY(check_readable(settings, name));
    }
    return check_folder(settings, "tls-cacertdir");
}

// The name becomes a part of every key: braces would move the hash tag, colons end the name.
Result<void> check_cluster_name(const Settings& settings) {
    const std::string& name = settings.text("cluster", "name");
    const bool fits = std::all_of(name.begin(), name.end(), [](char letter) {
        return letter > ' ' && letter != '{' && letter != '}' && letter != ':' && letter != '\x7f';
    });
    if (name.empty() || name.size() > kClusterNameMax || !fits) {
        return wrong("[cluster] name '" + name + "' has to be 1 to " +
                     std::to_string(kClusterNameMax) +
                     " characters long, without spaces, colons and braces");
    }
    return {};
}

Result<void> check_redis(const Settings& settings) {
    if (!settings.boolean("orchestration", "sessionid-with-nodeid")) {
        return wrong(
            "[persistence] type=redis needs [orchestration] sessionid-with-nodeid=true, so that "
            "the id of a session says which node made it; several servers share one Redis");
    }
    FERMATA_TRY(check_tls(settings));
    FERMATA_TRY(redis_store_options(settings));
    return check_cluster_name(settings);
}

constexpr std::array<std::string_view, 5> kTlsOptions = {"tls-cert", "tls-key", "tls-cacert",
                                                         "tls-cacertdir", "tls-sni"};

void warn_of_tls(const Settings& settings, std::vector<std::string>& warnings) {
    if (!settings.boolean(kSection, "tls-enabled")) {
        for (const std::string_view name : kTlsOptions) {
            if (is_set(settings, name)) {
                warnings.push_back("[persistence] " + std::string(name) +
                                   " has no effect: tls-enabled is false, so the connections to "
                                   "Redis are not encrypted");
                return;
            }
        }
        return;
    }
    if (!is_set(settings, "tls-cacert") && !is_set(settings, "tls-cacertdir")) {
        warnings.emplace_back(
            "neither [persistence] tls-cacert nor tls-cacertdir is set: certificates of Redis are "
            "checked against the authorities of this system");
    }
    if (!settings.boolean(kSection, "tls-verify-hostname")) {
        warnings.emplace_back(
            "[persistence] tls-verify-hostname=false: any certificate of the trusted authorities "
            "is taken for any node");
    }
}

void warn_of_redis(const Settings& settings, std::vector<std::string>& warnings) {
    warn_of_tls(settings, warnings);
    if (settings.origin(*find_option(kSection, "password")).starts_with("--")) {
        warnings.emplace_back(
            "[persistence] password stands on the command line, where every user of this machine "
            "can read it: use password-file or FERMATA_PERSISTENCE_PASSWORD");
    }
    if (settings.integer(kSection, "redis-wait-replicas") == 0) {
        warnings.emplace_back(
            "[persistence] redis-wait-replicas=0: what a failover of Redis loses can be written "
            "again only while this server lives");
    }
    if (settings.integer(kSection, "redis-replay-window") == 0) {
        warnings.emplace_back(
            "[persistence] redis-replay-window=0: what a failover of Redis loses is not written "
            "again");
    }
}

}  // namespace

Result<void> check_persistence(const Settings& settings) {
    const std::string& type = text(settings, "type");
    if (type == "cassandra") {
        return wrong(
            "[persistence] type=cassandra is not offered: a commit has to change several records "
            "at once and only for the owner of the sessions, which Cassandra cannot promise, and "
            "ORS itself recommends Redis Cluster since 8.1.401; use type=redis with redis-nodes, "
            "or type=embedded (the default)");
    }
    return type == "redis" ? check_redis(settings) : Result<void>();
}

std::vector<std::string> persistence_warnings(const Settings& settings) {
    std::vector<std::string> warnings;
    const std::string& type = text(settings, "type");
    if (type == "redis") {
        warn_of_redis(settings, warnings);
    } else if (!settings.list(kSection, "redis-nodes").empty()) {
        warnings.push_back("[persistence] redis-nodes has no effect: type=" + type);
    }
    return warnings;
}

}  // namespace fermata::app
