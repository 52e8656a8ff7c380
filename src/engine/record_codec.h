// Record codec: what the engine keeps in the store's payloads, as bytes
// (docs/formats/session-record.md).
//
// Every record starts with its format version and a kind letter, so that a newer server reads older
// records and a record in the wrong place is recognised. encode() is told which format to write: in
// a cluster older servers may have to read it. decode_… answers kCorrupt with record, field and
// offset for damaged bytes, and for a version that is newer than this server. Threads: pure
// functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/session_id.h"
#include "engine/record_format.h"
#include "engine/view.h"
#include "scxml/effects.h"
#include "value/encoding.h"
#include "value/event.h"
#include "value/value.h"

namespace fermata::engine {

using Parameters = std::vector<std::pair<std::string, value::Value>>;

// What began a session. The numbers are stored.
enum class StartOrigin : std::uint8_t { kRequest = 0, kSchedule = 1, kInvoke = 2 };

// Field "meta": written once, when the session is created (and once more when a scheduled one
// starts).
struct SessionMeta {
    SessionId session;       // with its node hint, which store keys leave out
    std::string chart_hash;  // the bundle in the store that it is bound to
    std::string url;         // of the document, as asked for
    std::string key;         // the client's own name; may be empty
    std::string application;
    std::optional<SessionId> parent;
    std::string invokeid;  // for _event.invokeid of what it sends to its parent
    UnixMillis created_ms = 0;
    StartOrigin origin = StartOrigin::kRequest;
    // Set while a scheduled session waits for its start; then also params.
    std::optional<UnixMillis> start_at_ms;
    Parameters params;
    bool operator==(const SessionMeta&) const = default;
};

// In field "state", before what scxml::encode() writes: what the engine keeps for a session beyond
// SCXML's own state. Pending timers are in the store's timer table.
struct RunExtras {
    std::vector<std::pair<std::string, SessionId>> invokes;  // running: invokeid and child
    std::uint64_t timer_number_next = 1;
    std::uint64_t unique_id_next = 1;  // for generated send and invoke ids
    bool operator==(const RunExtras&) const = default;
};

// Payloads of timers.
struct SendTimer {  // <send delay>: carried out when due
    scxml::SendEffect send;
};
struct EventTimer {  // an event from outside that shall arrive later
    value::Event event;
};
struct StartTimer {};  // start of a scheduled session
struct AgeTimer {};    // max-session-age is over
using TimerPayload = std::variant<SendTimer, EventTimer, StartTimer, AgeTimer>;

// Payload of an inbox entry.
struct InboxPayload {
    value::Event event;
    // "<session>:<seq>:<n>" of the effect that sent it; empty when it came from a client.
    std::string effect_id;
    // Of a client's event that was put there while nobody owned the partition: names its answer, so
    // that repetitions are consumed once. Empty: none.
    std::string answer_key;
};

// Payloads of outbox entries: effects that leave the partition or the process.
struct RemoteEvent {  // to a session of another partition
    SessionId target;
    value::Event event;
};
struct HttpDelivery {  // <send> by BasicHTTP
    std::string url;
    std::string body;
    std::string content_type;
    std::string sendid;  // for error.communication to the sender when it cannot be delivered
    std::string event;   // name, for the same
};
struct StartChild {  // <invoke>: the child is in the parent's partition, its document may have to
                     // be fetched
    SessionId child;
    scxml::InvokeEffect invoke;
};
struct CancelChild {
    SessionId child;
    std::string invokeid;
};
using OutboxPayload = std::variant<RemoteEvent, HttpDelivery, StartChild, CancelChild>;

// Payload of an end record.
struct EndPayload {
    SessionStatus status = SessionStatus::kFinal;
    std::vector<std::string> configuration;
    value::Value donedata;
    std::string detail;
    UnixMillis ended_ms = 0;
    std::uint64_t seq = 0;
    bool operator==(const EndPayload&) const = default;
};

// Payload of an answer record: the first answer to a request with an Idempotency-Key.
struct KeptAnswer {
    SessionId session;
    std::string key;        // of a start
    std::uint64_t seq = 0;  // of an event
    bool operator==(const KeptAnswer&) const = default;
};

// Payload of a journal record, without sequence number and time, which the record has itself.
std::string encode(const JournalEntry& entry, RecordFormat format);
std::string encode(const SessionMeta& meta, RecordFormat format);
std::string encode(const TimerPayload& timer, RecordFormat format);
std::string encode(const InboxPayload& inbox, RecordFormat format);
std::string encode(const OutboxPayload& outbox, RecordFormat format);
std::string encode(const EndPayload& end, RecordFormat format);
std::string encode(const KeptAnswer& answer, RecordFormat format);
// The beginning of the field "state"; scxml::encode() goes on behind it.
void encode(const RunExtras& extras, RecordFormat format, value::Writer& writer);

Result<SessionMeta> decode_meta(std::string_view bytes);
Result<TimerPayload> decode_timer(std::string_view bytes);
Result<InboxPayload> decode_inbox(std::string_view bytes);
Result<OutboxPayload> decode_outbox(std::string_view bytes);
Result<EndPayload> decode_end(std::string_view bytes);
Result<KeptAnswer> decode_answer(std::string_view bytes);
Result<JournalEntry> decode_journal(std::string_view bytes);
// Leaves the reader behind the extras, where scxml::decode() goes on.
Result<RunExtras> decode_extras(value::Reader& reader);

}  // namespace fermata::engine
