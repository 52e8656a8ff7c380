// What the keyed stores write behind their keys (docs/formats/embedded-store.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/records.h"
#include "store/store.h"

namespace fermata::store {

// Table::kPartition.
struct PartitionEntry {
    Epoch epoch = 0;
    std::uint32_t node = 0;
    std::uint64_t next_number = 1;  // for inbox and outbox
};

// Table::kSession: everything of a session but its fields.
struct SessionEntry {
    std::uint64_t seq = 0;
    UnixMillis created_ms = 0;
    std::optional<EndRecord> end;
};

std::string encode_entry(const PartitionEntry& entry);
std::string encode_entry(const SessionEntry& entry);
std::string encode_entry(const InboxRecord& record);    // but its number, which is the key
std::string encode_entry(const OutboxRecord& record);   // but its number
std::string encode_entry(const JournalRecord& record);  // but session and sequence number
std::string encode_entry(const AnswerRecord& record);   // but its key
std::string encode_entry(const DocumentName& name);     // but its name
std::string encode_entry(const NodeRecord& record);

// kCorrupt when the bytes are not as written above.
Result<void> decode_entry(std::string_view bytes, PartitionEntry& entry);
Result<void> decode_entry(std::string_view bytes, SessionEntry& entry);
Result<void> decode_entry(std::string_view bytes, InboxRecord& record);
Result<void> decode_entry(std::string_view bytes, OutboxRecord& record);
Result<void> decode_entry(std::string_view bytes, JournalRecord& record);
Result<void> decode_entry(std::string_view bytes, AnswerRecord& record);
Result<void> decode_entry(std::string_view bytes, DocumentName& name);
Result<void> decode_entry(std::string_view bytes, NodeRecord& record);

}  // namespace fermata::store
