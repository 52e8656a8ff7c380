// Node lists: "host:port" texts as [persistence] redis-nodes has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fermata::app {

struct NodeAddress {
    std::string host;  // a name, an IPv4 address, or an IPv6 address without its brackets
    std::uint16_t port = 0;

    bool operator==(const NodeAddress&) const = default;
};

// "redis1:6379", "10.0.0.1:6379", "[2001:db8::1]:6379". Messages say what is missing.
Result<NodeAddress> parse_node(std::string_view text);

// At least one, each once.
Result<std::vector<NodeAddress>> parse_nodes(const std::vector<std::string>& texts);

}  // namespace fermata::app
