#include "app/cluster_rules.h"

#include <algorithm>
#include <string_view>

#include "app/cluster_bindings.h"

namespace fermata::app {

namespace {

bool shares_store(const Settings& settings) {
    return settings.text("persistence", "type") == "redis";
}

bool is_base_url(std::string_view url) {
    const bool has_scheme = url.starts_with("http://") || url.starts_with("https://");
    const std::string_view host = has_scheme ? url.substr(url.find("//") + 2) : "";
    const auto is_odd = [](char letter) { return letter <= ' ' || letter == '?' || letter == '#'; };
    return !host.empty() && host.front() != '/' && std::none_of(url.begin(), url.end(), is_odd);
}

}  // namespace

Result<void> check_cluster(const Settings& settings) {
    if (settings.text("cluster", "role") == "backup" && !shares_store(settings)) {
        return Error(ErrorCode::kInvalidArgument,
                     "[cluster] role=backup needs [persistence] type=redis: the store of type=" +
                         settings.text("persistence", "type") +
                         " belongs to one process, and nobody can take its place");
    }
    const std::string& internal = settings.text("cluster", "internal-url");
    if (!internal.empty() && !is_base_url(internal)) {
        return Error(ErrorCode::kInvalidArgument,
                     "[cluster] internal-url '" + internal +
                         "' has to be a base URL, such as http://10.0.0.7:8077");
    }
    return {};
}

std::vector<std::string> cluster_warnings(const Settings& settings) {
    std::vector<std::string> warnings;
    if (!shares_store(settings)) {
        return warnings;
    }
    const std::string& address = settings.text("http", "address");
    if (settings.text("cluster", "internal-url").empty() && is_any_address(address)) {
        warnings.push_back("[cluster] internal-url is not set and [http] address is " + address +
                           ": the other instances are told this machine's name, " + host_name());
    }
    if (settings.text("cluster", "forwarding") == "redirect" &&
        settings.text("orchestration", "external-url").empty()) {
        warnings.emplace_back(
            "[cluster] forwarding=redirect, but [orchestration] external-url is not set: clients "
            "of other nodes are sent to where this server listens");
    }
    return warnings;
}

}  // namespace fermata::app
