// Planner::import_records: the records of another store, as they are, with their numbers.
#include <algorithm>
#include <string>

#include "store/planner.h"
#include "value/encoding.h"

namespace fermata::store {
namespace {

Key session_key(Table table, const SessionId& session) {
    Key key(session.partition(), table);
    key.session(session);
    return key;
}

Error stranger(const SessionId& session, Partition partition) {
    return {
        ErrorCode::kInvalidArgument,
        "session " + session.key() + " is of another partition than " + std::to_string(partition)};
}

}  // namespace

Result<std::size_t> Planner::import_records(const ImportBatch& batch) {
    FERMATA_TRY_ASSIGN(PartitionEntry entry, partition_entry(batch.partition));
    if (entry.epoch != batch.epoch || entry.epoch == 0) {
        return Error(ErrorCode::kFenced, "partition " + std::to_string(batch.partition) +
                                             " is at epoch " + std::to_string(entry.epoch) +
                                             ", the import at " + std::to_string(batch.epoch));
    }
    FERMATA_TRY_ASSIGN(const std::size_t added, check(batch));
    for (const SessionRecord& record : batch.sessions) {
        FERMATA_TRY(put_session(record));
    }
    for (const TimerRecord& timer : batch.timers) {
        put_timer(timer.session, timer);
    }
    for (const InboxRecord& record : batch.inbox) {
        put_inbox(batch.partition, record, record.number);
        entry.next_number = std::max(entry.next_number, record.number + 1);
    }
    for (const OutboxRecord& record : batch.outbox) {
        draft_.put(Key(batch.partition, Table::kOutbox).number(record.number),
                   encode_entry(record));
        entry.next_number = std::max(entry.next_number, record.number + 1);
    }
    for (const AnswerRecord& answer : batch.answers) {
        put_answer(batch.partition, answer);
    }
    for (const JournalRecord& record : batch.journal) {
        if (journal_.length > 0) {
            draft_.put(session_key(Table::kJournal, record.session).number(record.seq),
                       encode_entry(record));
        }
    }
    for (const auto& [sender, last] : batch.senders) {
        value::Writer writer;
        writer.varint(last);
        draft_.put(Key(batch.partition, Table::kSender).number16(sender), writer.take());
    }
    entry.next_number = std::max(entry.next_number, batch.next_number);
    draft_.put(Key(batch.partition, Table::kPartition), encode_entry(entry));
    return added;
}

Result<std::size_t> Planner::check(const ImportBatch& batch) const {
    std::size_t added = 0;
    for (const SessionRecord& record : batch.sessions) {
        if (record.session.partition() != batch.partition || record.seq == 0) {
            return stranger(record.session, batch.partition);
        }
        FERMATA_TRY_ASSIGN(const auto known,
                           draft_.find<SessionEntry>(session_key(Table::kSession, record.session)));
        if (known && (known->seq != record.seq || known->created_ms != record.created_ms)) {
            return Error(ErrorCode::kConflict,
                         "session " + record.session.key() + " exists already");
        }
        added += known ? 0 : 1;
    }
    for (const TimerRecord& timer : batch.timers) {
        if (timer.session.partition() != batch.partition) {
            return stranger(timer.session, batch.partition);
        }
    }
    for (const JournalRecord& record : batch.journal) {
        if (record.session.partition() != batch.partition) {
            return stranger(record.session, batch.partition);
        }
    }
    return added;
}

Result<void> Planner::put_session(const SessionRecord& record) {
    put_listing(record.session, record.created_ms, record.end.has_value());
    draft_.put(session_key(Table::kSession, record.session),
               encode_entry(SessionEntry{record.seq, record.created_ms, record.end}));
    FERMATA_TRY(erase_all(session_key(Table::kField, record.session)));
    for (const Field& field : record.fields) {
        draft_.put(session_key(Table::kField, record.session).text(field.name), field.value);
    }
    if (record.end) {
        put_end_expiry(record.session, *record.end);
    }
    return {};
}

}  // namespace fermata::store
