// Entries: how records stand in Redis, as text that redis-cli shows (docs/formats/redis.md).
//
//   timers    member "<letter for the count of digits><number>:<session>", so that members sort by
//             number; the session's field "t.<number>" is "<due_ms> <payload>"
//   inbox     member "<number> <session> <payload>"
//   outbox    member "<number> <session> <seq> <n> <payload>"
//   answers   "<expires_ms> <answer>"
//   journal   "<at_ms> <payload>"
//   documents "<changed_ms> <hash>"
//
// The append_ functions write to the end of `out`. decode_ functions answer kCorrupt with what they
// were given (its beginning). Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/session_id.h"
#include "store/records.h"
#include "store/store.h"

namespace fermata::redis_store {

void append_number(std::string& out, std::uint64_t number);
void append_number(std::string& out, std::int64_t number);

// id: SessionId::key().
void append_timer_member(std::string& out, std::uint64_t number, std::string_view id);
void append_timer_field(std::string& out, std::uint64_t number);
void append_inbox_field(std::string& out, std::uint64_t number);
// "<number> <payload>": values of timers, answers and journals.
void append_timed(std::string& out, std::int64_t time_ms, std::string_view payload);
// Without its number, which the store gives. id: of record.session.
void append_outbox(std::string& out, const store::OutboxRecord& record, std::string_view id);

struct Timed {
    std::int64_t time_ms = 0;
    std::string payload;
};
Result<Timed> decode_timed(std::string_view text);
Result<std::pair<std::uint64_t, SessionId>> decode_timer_member(std::string_view text);
Result<store::InboxRecord> decode_inbox(std::string_view text);
Result<store::OutboxRecord> decode_outbox(std::string_view text);
Result<store::DocumentName> decode_document_name(std::string_view name, std::string_view text);

// A session's hash, field by field, in any order.
class SessionReader {
  public:
    explicit SessionReader(const SessionId& session) { record_.session = session; }

    Result<void> add(std::string_view field, std::string_view value);
    // nullopt: there is no session, only what waits for one.
    Result<std::optional<store::SessionRecord>> finish();
    [[nodiscard]] std::vector<store::TimerRecord> take_timers() { return std::move(timers_); }

  private:
    Result<void> add_seq(std::string_view value);
    store::EndRecord& end();

    store::SessionRecord record_;
    std::vector<store::TimerRecord> timers_;
    bool has_seq_ = false;
    bool ended_ = false;
};

// Whether the record of a session may have a field of this name: "meta", "state", "d.…".
bool is_data_field(std::string_view name);
// A whole decimal number, nothing else.
std::optional<std::uint64_t> parse_number(std::string_view text);
std::optional<std::int64_t> parse_signed(std::string_view text);

}  // namespace fermata::redis_store
