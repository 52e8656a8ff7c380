#include "app/node_list.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace fermata::app {

namespace {

constexpr std::size_t kHostLengthMax = 253;  // RFC 1035

Error wrong(std::string_view text, std::string_view why) {
    return {ErrorCode::kInvalidArgument, "'" + std::string(text) + "' " + std::string(why)};
}

bool is_ipv6(const std::string& host) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_name_or_ipv4(std::string_view host) {
    return !host.empty() && host.size() <= kHostLengthMax &&
           std::all_of(host.begin(), host.end(), [](char letter) {
               return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                      (letter >= 'A' && letter <= 'Z') || letter == '.' || letter == '-' ||
                      letter == '_';
           });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = problem == std::errc() && rest == text.data() + text.size();
    return whole && port != 0 ? std::optional(port) : std::nullopt;
}

}  // namespace

Result<NodeAddress> parse_node(std::string_view text) {
    const bool bracketed = text.starts_with('[');
    const std::size_t bracket = bracketed ? text.find(']') : 0;
    if (bracket == std::string_view::npos) {
        return wrong(text, "lacks the closing bracket of an IPv6 address");
    }
    const std::size_t colon = text.find(':', bracket);
    if (colon == std::string_view::npos || (bracketed && colon != bracket + 1)) {
        return wrong(text, "has no port: write host:port, such as redis1:6379");
    }
    if (!bracketed && text.find(':', colon + 1) != std::string_view::npos) {
        return wrong(text, "has several colons: an IPv6 address stands in brackets, [::1]:6379");
    }
    NodeAddress node;
    node.host = bracketed ? text.substr(1, bracket - 1) : text.substr(0, colon);
    if (bracketed ? !is_ipv6(node.host) : !is_name_or_ipv4(node.host)) {
        return wrong(text, bracketed ? "has no IPv6 address between its brackets"
                                     : "does not begin with a host name or an address");
    }
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) {
        return wrong(text, "has no port between 1 and 65535");
    }
    node.port = *port;
    return node;
}

Result<std::vector<NodeAddress>> parse_nodes(const std::vector<std::string>& texts) {
    std::vector<NodeAddress> nodes;
    for (const std::string& text : texts) {
        FERMATA_TRY_ASSIGN(NodeAddress node, parse_node(text));
        if (std::find(nodes.begin(), nodes.end(), node) != nodes.end()) {
            return wrong(text, "stands there twice");
        }
        nodes.push_back(std::move(node));
    }
    if (nodes.empty()) {
        return Error(ErrorCode::kInvalidArgument,
                     "no node is named: write the host and port of at least one, such as "
                     "redis1:6379;redis2:6379;redis3:6379");
    }
    return nodes;
}

}  // namespace fermata::app
