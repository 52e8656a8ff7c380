#include "redis/reply_error.h"

#include <array>

namespace fermata::redis {
namespace {

struct Known {
    std::string_view prefix;
    ErrorKind kind;
};

// A prefix ends at a blank or at the end of the text, so that BUSY is not BUSYGROUP; those of
// several words are the beginnings of Redis's texts without a code of their own.
constexpr std::array kKnown = {
    Known{"MOVED", ErrorKind::kMoved},
    Known{"ASK", ErrorKind::kAsk},
    Known{"TRYAGAIN", ErrorKind::kTryAgain},
    // A script met a key that has left meanwhile.
    Known{"ERR Script attempted to access a non local key", ErrorKind::kTryAgain},
    Known{"READONLY", ErrorKind::kRefresh},
    Known{"CLUSTERDOWN", ErrorKind::kRefresh},
    Known{"MASTERDOWN", ErrorKind::kRefresh},
    Known{"UNBLOCKED", ErrorKind::kRefresh},
    Known{"LOADING", ErrorKind::kLater},
    Known{"BUSY", ErrorKind::kLater},
    Known{"OOM", ErrorKind::kFull},
    Known{"NOREPLICAS", ErrorKind::kLater},
    Known{"MISCONF", ErrorKind::kLater},
    Known{"ERR max number of clients reached", ErrorKind::kLater},
    Known{"NOSCRIPT", ErrorKind::kNoScript},
    Known{"NOAUTH", ErrorKind::kDenied},
    Known{"WRONGPASS", ErrorKind::kDenied},
    Known{"NOPERM", ErrorKind::kDenied},
    Known{"DENIED", ErrorKind::kDenied},
    Known{"ERR AUTH", ErrorKind::kDenied},
};

bool has_prefix(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) && (text.size() == prefix.size() || text[prefix.size()] == ' ');
}

}  // namespace

ErrorKind classify_error(std::string_view text) {
    for (const Known& known : kKnown) {
        if (has_prefix(text, known.prefix)) {
            return known.kind;
        }
    }
    return ErrorKind::kFailed;
}

std::optional<Address> redirection_target(std::string_view text, std::string_view answering_host) {
    const std::size_t slot = text.find(' ');
    const std::size_t target = slot == std::string_view::npos ? slot : text.find(' ', slot + 1);
    if (target == std::string_view::npos) {
        return std::nullopt;
    }
    // An IPv6 address comes without brackets: the last colon parts it from the port.
    const std::string_view place = text.substr(target + 1);
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view host = place.substr(0, colon);
    if (host.empty() || host == "?") {
        host = answering_host;
    }
    const std::string bracketed = "[" + std::string(host) + "]" + std::string(place.substr(colon));
    auto address = parse_address(bracketed);
    return address ? std::optional(std::move(*address)) : std::nullopt;
}

std::string explain_error(std::string_view text) {
    std::string explained(text);
    if (has_prefix(text, "NOAUTH")) {
        // Its own text tells how to write HELLO, which is our matter.
        explained = "NOAUTH: the server wants a login: set username and password";
    } else if (has_prefix(text, "WRONGPASS")) {
        explained += "; check username and password";
    } else if (has_prefix(text, "ERR AUTH")) {
        explained += "; the server knows no password: leave username and password empty";
    } else if (has_prefix(text, "NOPERM")) {
        explained += "; the ACL of this user (username) lacks a rule, see ACL SETUSER";
    } else if (has_prefix(text, "DENIED")) {
        explained += "; the server runs in protected mode: give it a password or bind addresses";
    } else if (has_prefix(text, "OOM")) {
        explained += "; the server reached its maxmemory";
    }
    return explained;
}

}  // namespace fermata::redis
