// Import encoder: records of another store as a call of import.lua.
//
// Threads: pure functions.
#pragma once

#include "base/result.h"
#include "redis_store/call.h"
#include "redis_store/commit_encoder.h"
#include "redis_store/keys.h"
#include "store/store.h"

namespace fermata::redis_store {

// kInvalidArgument: a record of another partition, or a field that is none of a session's.
Result<void> check_import(const store::ImportBatch& batch);
EncodedCommit encode_import(const store::ImportBatch& batch, const Keys& keys,
                            const Lifetimes& lifetimes, const store::JournalOptions& journal);
// kConflict, naming the session; how many sessions are new otherwise.
Result<std::size_t> decode_import_answer(const std::vector<SessionId>& sessions,
                                         const CallAnswer& answer);

}  // namespace fermata::redis_store
