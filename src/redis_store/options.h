// Options of RedisStore. Names in comments are those of the configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/session_id.h"
#include "redis/options.h"
#include "store/store.h"

namespace fermata::redis_store {

struct Options {
    redis::Options client;  // section [persistence]

    // [orchestration] cluster-name: all keys start with "ORS:<cluster>:".
    std::string cluster = "fermata";
    // Written when the store is first used, and checked afterwards: kConflict when it is another.
    // 0: take what is there, and answer kNotFound when nothing is (for tools: writes nothing).
    Partition partition_count = kPartitionsDefault;
    store::JournalOptions journal;

    // max-session-age: with record_margin, the TTL of a session's keys from its creation, and of a
    // partition's keys, which the owner refreshes; documents live four times as long.
    std::chrono::milliseconds session_age_max = std::chrono::hours(24 * 90);
    // How long the record of an ended session stays after it expired, if nobody deletes it.
    std::chrono::milliseconds record_margin = std::chrono::hours(24);

    // redis-replay-window: how far back calls are kept to be made again.
    std::chrono::milliseconds replay_window{30'000};
    // redis-replay-bytes: what they may take; beyond it the oldest go first, with an alarm.
    std::size_t replay_bytes_max = 256U << 20U;
    // Bytes of commits and appends that wait or are under way; beyond it commit() answers
    // kOverloaded. redis-in-flight-bytes bounds what is under way besides.
    std::size_t queue_bytes_max = 256U << 20U;

    // How long open() waits for Redis; then a server goes on if a part of it is there.
    std::chrono::milliseconds open_timeout{10'000};
    // How long close() waits for what was taken.
    std::chrono::milliseconds close_timeout{5'000};
};

}  // namespace fermata::redis_store
