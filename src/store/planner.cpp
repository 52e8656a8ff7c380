#include "store/planner.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "value/encoding.h"

namespace fermata::store {
namespace {

// Value of a kSessionInbox key whose entry a session must see before it may end; else empty.
constexpr std::string_view kPromised = "p";

Key session_key(Table table, const SessionId& session) {
    Key key(session.partition(), table);
    key.session(session);
    return key;
}

}  // namespace

Result<PartitionEntry> Planner::partition_entry(Partition partition) const {
    FERMATA_TRY_ASSIGN(auto entry, draft_.find<PartitionEntry>(Key(partition, Table::kPartition)));
    return entry.value_or(PartitionEntry());
}

Result<Epoch> Planner::claim(Partition partition, std::uint32_t node) {
    FERMATA_TRY_ASSIGN(PartitionEntry entry, partition_entry(partition));
    ++entry.epoch;
    entry.node = node;
    draft_.put(Key(partition, Table::kPartition), encode_entry(entry));
    return entry.epoch;
}

Result<CommitAnswer> Planner::commit(const CommitBatch& batch) {
    FERMATA_TRY_ASSIGN(PartitionEntry entry, partition_entry(batch.partition));
    if (entry.epoch != batch.epoch || entry.epoch == 0) {  // 0: nobody claimed it yet
        return Error(ErrorCode::kFenced, "partition " + std::to_string(batch.partition) +
                                             " is at epoch " + std::to_string(entry.epoch) +
                                             ", the commit at " + std::to_string(batch.epoch));
    }
    FERMATA_TRY_ASSIGN(Checked checked, check(batch));
    CommitAnswer& answer = checked.answer;
    if (checked.conflict) {
        return answer;
    }
    const std::uint64_t first_number = entry.next_number;
    for (std::size_t at = 0; at < batch.sessions.size(); ++at) {
        if (answer.sessions[at].status == CommitStatus::kCommitted) {
            FERMATA_TRY(
                apply(batch.sessions[at], checked.created_ms[at], entry, answer.sessions[at]));
        }
    }
    for (const std::uint64_t number : batch.outbox_removed) {
        draft_.erase(Key(batch.partition, Table::kOutbox).number(number));
    }
    for (const std::uint64_t number : batch.inbox_removed) {
        FERMATA_TRY(remove_inbox(batch.partition, number));
    }
    if (entry.next_number != first_number) {
        draft_.put(Key(batch.partition, Table::kPartition), encode_entry(entry));
    }
    return answer;
}

Result<Planner::Checked> Planner::check(const CommitBatch& batch) const {
    Checked checked;
    // One session may come several times; what an earlier one would have made of it counts.
    std::unordered_map<SessionId, SessionEntry> seen;
    for (const SessionCommit& commit : batch.sessions) {
        if (commit.session.partition() != batch.partition ||
            commit.seq != commit.expected_seq + 1) {
            return Error(ErrorCode::kInvalidArgument,
                         "session " + commit.session.key() + " is of another partition than " +
                             std::to_string(batch.partition) +
                             ", or its sequence numbers do not follow each other");
        }
        auto known = seen.find(commit.session);
        if (known == seen.end()) {
            FERMATA_TRY_ASSIGN(auto entry, draft_.find<SessionEntry>(
                                               session_key(Table::kSession, commit.session)));
            known = seen.emplace(commit.session, entry.value_or(SessionEntry())).first;
        }
        SessionEntry& entry = known->second;
        SessionAnswer session;
        session.stored_seq = entry.seq;
        FERMATA_TRY_ASSIGN(const bool is_ignorant, overlooks_a_promise(commit));
        // A repeated creation is told from another one of the same id by its time.
        const bool same = commit.expected_seq != 0 || entry.created_ms == commit.created_ms;
        if (entry.seq == commit.seq && same) {
            session.status = CommitStatus::kAlready;
        } else if (entry.seq != commit.expected_seq || entry.end || is_ignorant) {
            session.status = CommitStatus::kConflict;
            checked.conflict = true;
        } else {
            entry.seq = commit.seq;
            entry.end = commit.end;
            entry.created_ms = commit.expected_seq == 0 ? commit.created_ms : entry.created_ms;
        }
        checked.answer.sessions.push_back(session);
        checked.created_ms.push_back(entry.created_ms);
    }
    for (SessionAnswer& session : checked.answer.sessions) {
        if (checked.conflict) {
            session.status = CommitStatus::kConflict;
        } else if (session.status == CommitStatus::kCommitted) {
            ++session.stored_seq;
        }
    }
    return checked;
}

Result<bool> Planner::overlooks_a_promise(const SessionCommit& commit) const {
    if (!commit.end) {
        return false;
    }
    FERMATA_TRY_ASSIGN(const auto keys,
                       draft_.keys(session_key(Table::kSessionInbox, commit.session)));
    for (const std::string& key : keys) {
        KeyReader reader(key);
        reader.session();
        const std::uint64_t number = reader.number();
        const auto names = [number](const std::vector<std::uint64_t>& numbers) {
            return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
        };
        if (names(commit.inbox_removed) || names(commit.inbox_known)) {
            continue;
        }
        FERMATA_TRY_ASSIGN(const auto mark, draft_.get(key));
        if (mark && *mark == kPromised) {
            return true;
        }
    }
    return false;
}

Result<void> Planner::apply(const SessionCommit& commit, UnixMillis created_ms,
                            PartitionEntry& entry, SessionAnswer& answer) {
    if (commit.expected_seq == 0 || commit.end) {
        put_listing(commit.session, created_ms, commit.end.has_value());
    }
    draft_.put(session_key(Table::kSession, commit.session),
               encode_entry(SessionEntry{commit.seq, created_ms, commit.end}));
    FERMATA_TRY(apply_fields(commit));
    apply_timers(commit);
    for (const std::uint64_t number : commit.inbox_removed) {
        draft_.erase(Key(commit.session.partition(), Table::kInbox).number(number));
        draft_.erase(session_key(Table::kSessionInbox, commit.session).number(number));
    }
    apply_boxes(commit, entry, answer);
    apply_records(commit);
    return commit.end ? apply_end(commit) : Result<void>();
}

Result<void> Planner::apply_fields(const SessionCommit& commit) {
    if (commit.replace_all) {
        FERMATA_TRY(erase_all(session_key(Table::kField, commit.session)));
    }
    for (const FieldWrite& field : commit.fields) {
        const Key key = session_key(Table::kField, commit.session).text(field.name);
        if (field.value) {
            draft_.put(key, *field.value);
        } else {
            draft_.erase(key);
        }
    }
    return {};
}

void Planner::apply_timers(const SessionCommit& commit) {
    for (const auto& [due_ms, number] : commit.timers_removed) {
        erase_timer(commit.session, due_ms, number);
    }
    for (const TimerRecord& timer : commit.timers_set) {
        put_timer(commit.session, timer);
    }
}

void Planner::apply_boxes(const SessionCommit& commit, PartitionEntry& entry,
                          SessionAnswer& answer) {
    const Partition partition = commit.session.partition();
    for (const std::uint64_t number : commit.outbox_removed) {
        draft_.erase(Key(partition, Table::kOutbox).number(number));
    }
    if (!commit.inbox_added.empty()) {
        answer.first_inbox_number = entry.next_number;
    }
    for (const InboxRecord& record : commit.inbox_added) {
        put_inbox(partition, record, entry.next_number++);
    }
    if (!commit.outbox_added.empty()) {
        answer.first_outbox_number = entry.next_number;
    }
    for (const OutboxRecord& record : commit.outbox_added) {
        draft_.put(Key(partition, Table::kOutbox).number(entry.next_number++),
                   encode_entry(record));
    }
}

void Planner::apply_records(const SessionCommit& commit) {
    const Partition partition = commit.session.partition();
    for (const AnswerRecord& answer : commit.answers) {
        put_answer(partition, answer);
    }
    if (commit.journal && journal_.length > 0) {
        const std::uint64_t seq = commit.seq;
        draft_.put(session_key(Table::kJournal, commit.session).number(seq),
                   encode_entry(*commit.journal));
        if (seq > journal_.length) {
            draft_.erase(
                session_key(Table::kJournal, commit.session).number(seq - journal_.length));
        }
    }
}

void Planner::put_listing(const SessionId& session, UnixMillis created_ms, bool has_ended) {
    const auto key_in = [&](Table table) {
        return Key(session.partition(), table).time(created_ms).session(session);
    };
    draft_.put(key_in(has_ended ? Table::kEndedListing : Table::kListing), "");
    if (has_ended) {
        draft_.erase(key_in(Table::kListing));
    }
}

Result<void> Planner::apply_end(const SessionCommit& commit) {
    const std::string meta = session_key(Table::kField, commit.session).text("meta").bytes();
    FERMATA_TRY_ASSIGN(const auto fields, draft_.keys(session_key(Table::kField, commit.session)));
    for (const std::string& key : fields) {
        if (key != meta) {
            draft_.erase(key);
        }
    }
    FERMATA_TRY_ASSIGN(const auto timers,
                       draft_.keys(session_key(Table::kSessionTimer, commit.session)));
    for (const std::string& key : timers) {
        KeyReader reader(key);
        reader.session();
        const UnixMillis due_ms = reader.time();
        erase_timer(commit.session, due_ms, reader.number());
    }
    FERMATA_TRY_ASSIGN(const auto inbox,
                       draft_.keys(session_key(Table::kSessionInbox, commit.session)));
    for (const std::string& key : inbox) {
        KeyReader reader(key);
        reader.session();
        draft_.erase(Key(commit.session.partition(), Table::kInbox).number(reader.number()));
        draft_.erase(key);
    }
    put_end_expiry(commit.session, *commit.end);
    return {};
}

void Planner::put_timer(const SessionId& session, const TimerRecord& timer) {
    draft_.put(Key(session.partition(), Table::kTimer)
                   .time(timer.due_ms)
                   .number(timer.number)
                   .session(session),
               timer.payload);
    draft_.put(session_key(Table::kSessionTimer, session).time(timer.due_ms).number(timer.number),
               "");
}

void Planner::put_answer(Partition partition, const AnswerRecord& answer) {
    draft_.put(Key(partition, Table::kAnswer).text(answer.key), encode_entry(answer));
    draft_.put(
        Key(Table::kAnswerExpiry).time(answer.expires_ms).number16(partition).text(answer.key), "");
}

void Planner::put_end_expiry(const SessionId& session, const EndRecord& end) {
    draft_.put(
        Key(Table::kEndExpiry).time(end.expires_ms).number16(session.partition()).session(session),
        "");
}

void Planner::put_inbox(Partition partition, const InboxRecord& record, std::uint64_t number,
                        std::string_view mark) {
    draft_.put(Key(partition, Table::kInbox).number(number), encode_entry(record));
    draft_.put(Key(partition, Table::kSessionInbox).session(record.session).number(number),
               std::string(mark));
}

Result<void> Planner::remove_inbox(Partition partition, std::uint64_t number) {
    const Key key = Key(partition, Table::kInbox).number(number);
    FERMATA_TRY_ASSIGN(const auto record, draft_.find<InboxRecord>(key));
    if (record) {
        draft_.erase(key);
        draft_.erase(Key(partition, Table::kSessionInbox).session(record->session).number(number));
    }
    return {};
}

void Planner::erase_timer(const SessionId& session, UnixMillis due_ms, std::uint64_t number) {
    draft_.erase(
        Key(session.partition(), Table::kTimer).time(due_ms).number(number).session(session));
    draft_.erase(session_key(Table::kSessionTimer, session).time(due_ms).number(number));
}

Result<void> Planner::erase_all(const Key& prefix) {
    FERMATA_TRY_ASSIGN(const auto keys, draft_.keys(prefix));
    for (const std::string& key : keys) {
        draft_.erase(key);
    }
    return {};
}

Result<InboxAnswer> Planner::append_inbox(const InboxAppend& append) {
    if (append.from && append.from_numbers.size() != append.records.size()) {
        return Error(ErrorCode::kInvalidArgument,
                     "events appended to an inbox need one number of the sender each");
    }
    FERMATA_TRY_ASSIGN(PartitionEntry entry, partition_entry(append.partition));
    Key sender(append.partition, Table::kSender);
    std::uint64_t last = 0;
    if (append.from) {
        sender.number16(*append.from);
        FERMATA_TRY_ASSIGN(const auto stored, draft_.get(sender.bytes()));
        last = stored ? value::Reader(*stored).varint() : 0;
    }
    InboxAnswer answer;
    for (std::size_t at = 0; at < append.records.size(); ++at) {
        if (append.from && append.from_numbers[at] <= last) {
            answer.numbers.push_back(InboxAnswer::kRepetition);
            continue;
        }
        FERMATA_TRY_ASSIGN(const bool is_taken, takes(append, append.records[at].session));
        if (!is_taken) {
            answer.numbers.push_back(InboxAnswer::kNobodyThere);
            continue;
        }
        last = append.from ? append.from_numbers[at] : 0;
        answer.numbers.push_back(entry.next_number);
        put_inbox(append.partition, append.records[at], entry.next_number++,
                  append.promised ? kPromised : std::string_view());
    }
    draft_.put(Key(append.partition, Table::kPartition), encode_entry(entry));
    if (append.from) {
        value::Writer writer;
        writer.varint(last);
        draft_.put(sender, writer.take());
    }
    return answer;
}

Result<bool> Planner::takes(const InboxAppend& append, const SessionId& session) const {
    if (!append.only_live) {
        return true;
    }
    FERMATA_TRY_ASSIGN(const auto entry,
                       draft_.find<SessionEntry>(session_key(Table::kSession, session)));
    if (entry && !entry->end) {
        return true;
    }
    if (append.unless_answered.empty()) {
        return false;
    }
    FERMATA_TRY_ASSIGN(
        const auto kept,
        draft_.get(Key(append.partition, Table::kAnswer).text(append.unless_answered).bytes()));
    return kept.has_value();
}

Result<bool> Planner::put_document(const std::string& hash, const std::string& bytes) {
    const Key key = Key(Table::kDocument).text(hash);
    FERMATA_TRY_ASSIGN(const auto stored, draft_.get(key.bytes()));
    if (!stored) {
        draft_.put(key, bytes);
    }
    return !stored;
}

Result<bool> Planner::put_document_name(const DocumentName& name) {
    const Key key = Key(Table::kDocumentName).text(name.name);
    FERMATA_TRY_ASSIGN(const auto stored, draft_.find<DocumentName>(key));
    draft_.put(key, encode_entry(name));
    return !stored || stored->hash != name.hash;
}

Result<std::size_t> Planner::expire(UnixMillis now_ms, std::size_t limit) {
    FERMATA_TRY_ASSIGN(const auto ends, expired(Table::kEndExpiry, now_ms, limit));
    FERMATA_TRY_ASSIGN(const auto answers, expired(Table::kAnswerExpiry, now_ms, limit));
    for (const std::string& key : ends) {
        FERMATA_TRY(forget_session(key));
    }
    for (const std::string& key : answers) {
        FERMATA_TRY(forget_answer(key));
    }
    return ends.size() + answers.size();
}

Result<std::vector<std::string>> Planner::expired(Table table, UnixMillis now_ms,
                                                  std::size_t limit) const {
    return draft_.keys(Key(table).bytes(), Key(table).time(now_ms).bytes(), limit);
}

Result<void> Planner::forget_session(const std::string& expiry) {
    KeyReader reader(expiry);
    reader.time();
    reader.number16();
    const SessionId session = reader.session();
    const Key head = session_key(Table::kSession, session);
    FERMATA_TRY_ASSIGN(const auto entry, draft_.find<SessionEntry>(head));
    if (entry) {
        draft_.erase(head);
        for (const Table table : {Table::kListing, Table::kEndedListing}) {
            draft_.erase(Key(session.partition(), table).time(entry->created_ms).session(session));
        }
    }
    FERMATA_TRY(erase_all(session_key(Table::kField, session)));
    FERMATA_TRY(erase_all(session_key(Table::kJournal, session)));
    draft_.erase(expiry);
    return {};
}

Result<void> Planner::forget_answer(const std::string& expiry) {
    KeyReader reader(expiry);
    const UnixMillis expires_ms = reader.time();
    const Partition partition = reader.number16();
    const Key key = Key(partition, Table::kAnswer).text(reader.rest());
    FERMATA_TRY_ASSIGN(const auto answer, draft_.find<AnswerRecord>(key));
    if (answer && answer->expires_ms == expires_ms) {  // not replaced meanwhile
        draft_.erase(key);
    }
    draft_.erase(expiry);
    return {};
}

}  // namespace fermata::store
