// Replies: what Redis answers to RedisStore's reads, as records. kCorrupt for what is damaged.
//
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "redis/reply.h"
#include "redis_store/entries.h"
#include "store/store.h"

namespace fermata::redis_store {

// Of HGETALL of a session's key; the fields of timers go to the reader's timers.
Result<std::optional<store::SessionRecord>> session_of(SessionReader& reader,
                                                       redis::ReplyView reply);
// Of sessions.lua that was asked for limit + 1.
Result<store::SessionPage> session_page_of(redis::ReplyView reply, store::SessionPhase phase,
                                           std::size_t limit);
// Of timers.lua that was asked for limit + 1.
Result<store::TimerPage> timer_page_of(redis::ReplyView reply, std::size_t limit);
Result<std::vector<store::InboxRecord>> inbox_of(redis::ReplyView reply);
Result<std::vector<store::OutboxRecord>> outbox_of(redis::ReplyView reply);
// Of HGETALL of a session's journal; newest first.
Result<std::vector<store::JournalRecord>> journal_of(const SessionId& session,
                                                     redis::ReplyView reply, std::size_t limit);
Result<std::optional<store::AnswerRecord>> answer_of(const std::string& key,
                                                     redis::ReplyView reply);
// Of HGETALL of a partition's owner key, and of its senders' key.
Result<store::PartitionRecord> partition_of(redis::ReplyView reply);
Result<store::PartitionRecord> with_senders(store::PartitionRecord record, redis::ReplyView reply);
// Of HSCAN of a partition's answers.
Result<store::AnswerPage> answer_page_of(redis::ReplyView reply);
Result<std::vector<store::DocumentName>> document_names_of(redis::ReplyView reply);

// "<created_ms>-<session>", of the last session of a page; empty: the first page.
struct Cursor {
    std::string created_ms;
    std::string id;
};
Result<Cursor> parse_cursor(const std::string& cursor);

}  // namespace fermata::redis_store
