// Address: where a Redis node listens, and the list of them that redis-nodes holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"

namespace fermata::redis {

struct Address {
    std::string host;  // a name, an IPv4 or an IPv6 address, the latter without brackets
    std::uint16_t port = 6379;

    bool operator==(const Address&) const = default;
    bool operator<(const Address& other) const {
        return std::tie(host, port) < std::tie(other.host, other.port);
    }

    // "host:port", IPv6 in brackets.
    [[nodiscard]] std::string to_string() const;
};

// "host:port", "host" (port 6379), "[::1]:port".
Result<Address> parse_address(std::string_view text);
// Addresses with ';' (or ',') between them; empty pieces are skipped, so that a list may end with
// ';'. kInvalidArgument for an empty list or one bad entry, which the message shows.
Result<std::vector<Address>> parse_address_list(std::string_view text);

}  // namespace fermata::redis
