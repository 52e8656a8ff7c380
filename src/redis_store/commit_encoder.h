// Commit encoder: a batch of session commits as a call of commit.lua, and its answer back.
//
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "redis/command.h"
#include "redis_store/call.h"
#include "redis_store/keys.h"
#include "store/store.h"

namespace fermata::redis_store {

// How long keys live in Redis when nobody refreshes or deletes them (the net below `expire`).
struct Lifetimes {
    // Keys of a session from its creation, and of a partition: oldest session allowed and a margin.
    std::chrono::milliseconds record{0};
    // After the end of an ended session expired.
    std::chrono::milliseconds margin{0};
};

// What the answer of a commit is made from.
struct CommitShape {
    struct Session {
        std::uint64_t expected_seq = 0;
        std::uint64_t seq = 0;
        std::uint32_t inbox_added = 0;
        std::uint32_t outbox_added = 0;
    };
    std::vector<Session> sessions;
};

// kInvalidArgument: a session of another partition, seqs that do not follow each other, a field
// that is none of a session's. Of all partitions of `keys`, batch.partition must be one.
Result<CommitShape> check_batch(const store::CommitBatch& batch);

struct EncodedCommit {
    redis::Command command;
    UnixMillis expires_ms = Call::kNeverExpires;
};
EncodedCommit encode_commit(const store::CommitBatch& batch, const Keys& keys,
                            const Lifetimes& lifetimes, const store::JournalOptions& journal);

// kCorrupt when the answer does not fit the batch.
Result<store::CommitAnswer> decode_commit_answer(const CommitShape& shape,
                                                 const CallAnswer& answer);

}  // namespace fermata::redis_store
