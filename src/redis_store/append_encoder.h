// Append encoder: events for a partition's inbox as a call of append.lua, and its answer back.
//
// Threads: pure functions.
#pragma once

#include <string>

#include "base/result.h"
#include "redis/command.h"
#include "redis_store/call.h"
#include "redis_store/commit_encoder.h"
#include "redis_store/keys.h"
#include "store/store.h"

namespace fermata::redis_store {

// kInvalidArgument: a sender without a number for each record.
Result<void> check_append(const store::InboxAppend& append);
// owned: by the partition's owner; else with the key of the appender.

redis::Command encode_append(const store::InboxAppend& append, const Keys& keys,
                             const Lifetimes& lifetimes, bool owned, const std::string& appender);
// kCorrupt when the answer does not fit.
Result<store::InboxAnswer> decode_append_answer(std::size_t records, const CallAnswer& answer);

}  // namespace fermata::redis_store
