// ReplyError: what an error of a Redis server means for the request that got it. By its prefix, as
// Redis guarantees nothing else of the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "redis/address.h"

namespace fermata::redis {

enum class ErrorKind {
    kMoved,     // MOVED: the slot is elsewhere; refresh the topology, then send again
    kAsk,       // ASK: this once elsewhere, after ASKING
    kTryAgain,  // TRYAGAIN: keys of the slot are on their way; pause, then send again
    kRefresh,   // READONLY, CLUSTERDOWN, MASTERDOWN, UNBLOCKED: refresh, pause, send again
    kLater,     // LOADING, BUSY, NOREPLICAS, MISCONF, too many clients: pause, send again
    kFull,      // OOM: as kLater, or at once where a script has another one for that
    kNoScript,  // NOSCRIPT: load the script, then send again
    kDenied,    // NOAUTH, WRONGPASS, NOPERM, DENIED: a person must mend it; long pause, send again
    kFailed,    // anything else: the answer
};

ErrorKind classify_error(std::string_view text);

// The target of "MOVED 3999 127.0.0.1:6381" or "ASK ...". An empty host ("MOVED 3999 :6381") means
// the host that answered.
std::optional<Address> redirection_target(std::string_view text, std::string_view answering_host);

// For a person: the text, and for login and rights which option or ACL rule to mend.
std::string explain_error(std::string_view text);

}  // namespace fermata::redis
