// Stored records: what a store holds, piece by piece, on its way to a file or to another store.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace fermata::app {

// The first piece.
struct StoreHead {
    std::string kind;  // of the store it was read from
    Partition partitions = 0;
};

struct StoredDocument {
    std::string hash;
    std::string bytes;
};

// Before everything of this partition.
struct StoredPartition {
    Partition partition = 0;
    std::uint64_t next_number = 1;
    std::vector<std::pair<Partition, std::uint64_t>> senders;
};

// A session with what belongs to it alone; after the document that it needs.
struct StoredSession {
    store::SessionRecord record;
    std::vector<store::TimerRecord> timers;
    std::vector<store::JournalRecord> journal;  // oldest first
};

struct StoredAnswer {
    Partition partition = 0;
    store::AnswerRecord answer;
};

// The last piece: how many there were, so that a file that was cut off is recognised.
struct StoreCounts {
    std::uint64_t sessions = 0;  // live and ended
    std::uint64_t ended = 0;
    std::uint64_t timers = 0;
    std::uint64_t inbox = 0;
    std::uint64_t outbox = 0;
    std::uint64_t answers = 0;
    std::uint64_t documents = 0;
    std::uint64_t names = 0;

    bool operator==(const StoreCounts&) const = default;
};

using StoredPiece =
    std::variant<StoreHead, StoredDocument, store::DocumentName, StoredPartition, StoredSession,
                 store::InboxRecord, store::OutboxRecord, StoredAnswer, StoreCounts>;

// Takes the pieces one by one; its error ends the reading.
using PieceSink = std::function<Result<void>(StoredPiece piece)>;

}  // namespace fermata::app
