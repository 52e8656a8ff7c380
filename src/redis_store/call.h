// Call: one numbered call of a partition's owner, encoded but for its number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "redis/command.h"
#include "store/records.h"

namespace fermata::redis_store {

// What an applied call answered, or that it conflicts with what is stored.
struct CallAnswer {
    bool conflict = false;
    // After "OK " or "CONFLICT ": see the scripts. Of the reply: to be read within the callback.
    std::string_view text;
};

struct Call {
    store::Epoch epoch = 0;
    // Without the words that call.lua reads last.
    std::optional<redis::Command> command;
    // Sent instead, as it is, when this process has not claimed the epoch.
    std::optional<redis::Command> unclaimed;
    // Instead of epoch and command: an append, by whoever owns the partition when its turn comes.
    std::function<redis::Command(bool owned)> encode_append;
    std::function<void(Result<CallAnswer>)> done;
    // Earliest moment at which something it writes expires: when to look at the expiry table.
    UnixMillis expires_ms = kNeverExpires;

    static constexpr UnixMillis kNeverExpires = INT64_MAX;
};

// The command as it is sent: with the words that call.lua reads last.
// first: of its box entries when it is made again; 0: the store gives it.
redis::Command numbered(const redis::Command& command, store::Epoch epoch, std::uint64_t number,
                        std::uint64_t first);
// The same for foreign.lua. appender: a name of one store object; number: rising with each append.
redis::Command foreign(const redis::Command& command, const std::string& appender,
                       std::uint64_t number);

}  // namespace fermata::redis_store
