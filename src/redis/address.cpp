#include "redis/address.h"

#include <charconv>

namespace fermata::redis {
namespace {

constexpr std::uint16_t kDefaultPort = 6379;

Error bad_address(std::string_view text, std::string_view why) {
    return {ErrorCode::kInvalidArgument,
            "bad address '" + std::string(text) + "': " + std::string(why)};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n";
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// 0 is no port that anybody can listen on.
std::uint16_t port_of(std::string_view digits) {
    std::uint16_t port = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, port);
    return error == std::errc() && rest == end ? port : 0;
}

bool is_host(std::string_view host) {
    return !host.empty() && host.find_first_of(" \t/@[]'\"") == std::string_view::npos;
}

}  // namespace

std::string Address::to_string() const {
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> parse_address(std::string_view text) {
    text = trimmed(text);
    std::string_view host = text;
    std::string_view rest;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) {
            return bad_address(text, "the bracket is not closed");
        }
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else {
        const std::size_t colon = text.find(':');
        if (colon != text.rfind(':')) {
            return bad_address(text, "an IPv6 address stands in brackets, as [::1]:6379");
        }
        host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? "" : text.substr(colon);
    }
    if (!is_host(host)) {
        return bad_address(text, "the host is missing or malformed");
    }
    if (rest.empty()) {
        return Address{std::string(host), kDefaultPort};
    }
    const std::uint16_t port = rest.starts_with(':') ? port_of(rest.substr(1)) : std::uint16_t{0};
    if (port == 0) {
        return bad_address(text, "the port must be a number from 1 to 65535");
    }
    return Address{std::string(host), port};
}

Result<std::vector<Address>> parse_address_list(std::string_view text) {
    std::vector<Address> addresses;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(";,");
        const std::string_view piece = trimmed(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (!piece.empty()) {
            FERMATA_TRY_ASSIGN(Address address, parse_address(piece));
            addresses.push_back(std::move(address));
        }
    }
    if (addresses.empty()) {
        return Error(ErrorCode::kInvalidArgument, "the list of addresses is empty");
    }
    return addresses;
}

}  // namespace fermata::redis
