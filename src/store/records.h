// Records: what the store keeps for a partition, as the engine hands it over. Payloads are bytes to
// the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/session_id.h"

namespace fermata::store {

// Proof of ownership of a partition: raised by every claim, checked by every write.
using Epoch = std::uint64_t;

// One field of a session record: "meta", "state", or "d.<data item>". No value deletes the field.
struct FieldWrite {
    std::string name;
    std::optional<std::string> value;
};

// A timer that is set. `number` is unique within its session.
struct TimerRecord {
    SessionId session;
    std::uint64_t number = 0;
    UnixMillis due_ms = 0;
    std::string payload;
};

// An event that waits for a session. `number` is given by the store: increasing within a partition,
// never used again.
struct InboxRecord {
    SessionId session;
    std::uint64_t number = 0;
    std::string payload;
};

// An effect that is committed and not yet carried out. `number` as for the inbox (one common
// counter). Its id for receivers is "<session>:<seq>:<n>", n counting from 0 within one commit.
struct OutboxRecord {
    SessionId session;
    std::uint64_t seq = 0;
    std::uint32_t n = 0;
    std::uint64_t number = 0;
    std::string payload;
};

// The first answer to a request with an Idempotency-Key.
struct AnswerRecord {
    std::string key;
    std::string answer;
    UnixMillis expires_ms = 0;
};

// What is left of an ended session: kept until expires_ms, so that its result can still be asked
// for and its id is not used again at once.
struct EndRecord {
    std::string payload;
    UnixMillis expires_ms = 0;
};

struct Field {
    std::string name;
    std::string value;
};

// A stored session. Ended sessions have `end` and no fields but "meta".
struct SessionRecord {
    SessionId session;
    std::uint64_t seq = 0;
    UnixMillis created_ms = 0;
    std::vector<Field> fields;
    std::optional<EndRecord> end;

    [[nodiscard]] const std::string* find(std::string_view name) const {
        for (const Field& field : fields) {
            if (field.name == name) {
                return &field.value;
            }
        }
        return nullptr;
    }
};

struct JournalRecord {
    SessionId session;
    std::uint64_t seq = 0;
    UnixMillis at_ms = 0;
    std::string payload;
};

}  // namespace fermata::store
