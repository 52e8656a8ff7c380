#include "store/keyed_store.h"

#include <mutex>

#include "store/keys.h"
#include "store/queries.h"

namespace fermata::store {
namespace {

std::size_t size_of(const SessionCommit& commit) {
    std::size_t bytes = sizeof(SessionCommit);
    for (const FieldWrite& field : commit.fields) {
        bytes += sizeof field + field.name.size() + (field.value ? field.value->size() : 0);
    }
    for (const TimerRecord& timer : commit.timers_set) {
        bytes += sizeof timer + timer.payload.size();
    }
    for (const InboxRecord& record : commit.inbox_added) {
        bytes += sizeof record + record.payload.size();
    }
    for (const OutboxRecord& record : commit.outbox_added) {
        bytes += sizeof record + record.payload.size();
    }
    for (const AnswerRecord& answer : commit.answers) {
        bytes += sizeof answer + answer.key.size() + answer.answer.size();
    }
    bytes += commit.journal ? commit.journal->payload.size() : 0;
    return bytes + (commit.end ? commit.end->payload.size() : 0);
}

std::size_t size_of(const CommitBatch& batch) {
    std::size_t bytes = sizeof(CommitBatch);
    for (const SessionCommit& commit : batch.sessions) {
        bytes += size_of(commit);
    }
    return bytes;
}

std::size_t size_of(const InboxAppend& append) {
    std::size_t bytes = sizeof(InboxAppend);
    for (const InboxRecord& record : append.records) {
        bytes += sizeof record + record.payload.size();
    }
    return bytes;
}

std::size_t size_of(const ImportBatch& batch) {
    std::size_t bytes = sizeof(ImportBatch);
    for (const SessionRecord& record : batch.sessions) {
        bytes += sizeof record + (record.end ? record.end->payload.size() : 0);
        for (const Field& field : record.fields) {
            bytes += sizeof field + field.name.size() + field.value.size();
        }
    }
    const auto add_payloads = [&bytes](const auto& records) {
        for (const auto& record : records) {
            bytes += sizeof record + record.payload.size();
        }
    };
    add_payloads(batch.timers);
    add_payloads(batch.inbox);
    add_payloads(batch.outbox);
    add_payloads(batch.journal);
    for (const AnswerRecord& answer : batch.answers) {
        bytes += sizeof answer + answer.key.size() + answer.answer.size();
    }
    return bytes;
}

// For calls that concern no partition: 0 is always one.
constexpr Partition kAnyPartition = 0;

}  // namespace

Result<void> KeyedStore::check_partition(Partition partition) const {
    if (partition >= partition_count_) {
        return Error(ErrorCode::kInvalidArgument,
                     "there is no partition " + std::to_string(partition) + ", the store has " +
                         std::to_string(partition_count_));
    }
    return {};
}

template <typename Answer, typename Plan>
void KeyedStore::write(Partition partition, std::size_t bytes, Plan plan, Done<Answer> done) {
    if (const auto checked = check_partition(partition); !checked) {
        done(checked.error());
        return;
    }
    submit(std::make_unique<TypedWrite<Answer>>(bytes, std::move(plan), std::move(done)));
}

template <typename Answer, typename Query>
void KeyedStore::read(Partition partition, const Query& query, const Done<Answer>& done) {
    const auto answer = [&]() -> Result<Answer> {
        FERMATA_TRY(check_partition(partition));
        const std::shared_lock lock(access_);
        return medium_ == nullptr ? Result<Answer>(closed()) : query(Queries(*medium_));
    };
    done(answer());  // outside the lock, since the callback may use the store
}

void KeyedStore::close_medium() {
    const std::unique_lock lock(access_);
    medium_.reset();
}

void KeyedStore::count_group(const GroupOutcome& outcome) {
    ++groups_;
    bytes_ += outcome.bytes;
}

StoreCounters KeyedStore::counters() const {
    StoreCounters counters;
    counters.commits = commits_;
    counters.batches = batches_;
    counters.groups = groups_;
    counters.bytes = bytes_;
    return counters;
}

void KeyedStore::claim(Partition partition, std::uint32_t node, Done<Epoch> done) {
    write<Epoch>(
        partition, sizeof(Epoch),
        [partition, node](Planner& planner) { return planner.claim(partition, node); },
        std::move(done));
}

void KeyedStore::beat(NodeBeat beat, Done<BeatAnswer> done) {
    write<BeatAnswer>(
        kAnyPartition, sizeof beat,
        [beat = std::move(beat)](Planner& planner) { return planner.beat(beat); }, std::move(done));
}

void KeyedStore::remove_node(NodeId node, bool standby, std::uint64_t instance, Done<bool> done) {
    write<bool>(
        kAnyPartition, sizeof instance,
        [node, standby, instance](Planner& planner) {
            return planner.remove_node(node, standby, instance);
        },
        std::move(done));
}

void KeyedStore::claim_from(Partition partition, Ownership expected, NodeId node,
                            Done<ClaimAnswer> done) {
    write<ClaimAnswer>(
        partition, sizeof expected,
        [partition, expected, node](Planner& planner) {
            return planner.claim_from(partition, expected, node);
        },
        std::move(done));
}

void KeyedStore::release(Partition partition, Epoch epoch, Done<bool> done) {
    write<bool>(
        partition, sizeof epoch,
        [partition, epoch](Planner& planner) { return planner.release(partition, epoch); },
        std::move(done));
}

void KeyedStore::commit(CommitBatch batch, Done<CommitAnswer> done) {
    ++batches_;
    commits_ += batch.sessions.size();
    const Partition partition = batch.partition;
    const std::size_t bytes = size_of(batch);
    write<CommitAnswer>(
        partition, bytes,
        [batch = std::move(batch)](Planner& planner) { return planner.commit(batch); },
        std::move(done));
}

void KeyedStore::append_inbox(InboxAppend append, Done<InboxAnswer> done) {
    const Partition partition = append.partition;
    const std::size_t bytes = size_of(append);
    write<InboxAnswer>(
        partition, bytes,
        [append = std::move(append)](Planner& planner) { return planner.append_inbox(append); },
        std::move(done));
}

void KeyedStore::put_document(const std::string& hash, const std::string& bytes, Done<bool> done) {
    write<bool>(
        kAnyPartition, hash.size() + bytes.size(),
        [hash, bytes](Planner& planner) { return planner.put_document(hash, bytes); },
        std::move(done));
}

void KeyedStore::put_document_name(const DocumentName& name, Done<bool> done) {
    write<bool>(
        kAnyPartition, sizeof name + name.name.size() + name.hash.size(),
        [name](Planner& planner) { return planner.put_document_name(name); }, std::move(done));
}

void KeyedStore::import_records(ImportBatch batch, Done<std::size_t> done) {
    const Partition partition = batch.partition;
    const std::size_t bytes = size_of(batch);
    write<std::size_t>(
        partition, bytes,
        [batch = std::move(batch)](Planner& planner) { return planner.import_records(batch); },
        std::move(done));
}

void KeyedStore::expire(UnixMillis now_ms, std::size_t limit, Done<std::size_t> done) {
    write<std::size_t>(
        kAnyPartition, sizeof now_ms,
        [now_ms, limit](Planner& planner) { return planner.expire(now_ms, limit); },
        std::move(done));
}

void KeyedStore::list_nodes(Done<std::vector<NodeRecord>> done) {
    read(
        kAnyPartition, [](const Queries& queries) { return queries.nodes(); }, done);
}

void KeyedStore::list_owners(Done<OwnerList> done) {
    read(
        kAnyPartition, [this](const Queries& queries) { return queries.owners(partition_count_); },
        done);
}

void KeyedStore::load_session(const SessionId& session, Done<std::optional<SessionRecord>> done) {
    read(
        session.partition(), [&](const Queries& queries) { return queries.session(session); },
        done);
}

void KeyedStore::list_sessions(Partition partition, SessionPhase phase, const std::string& cursor,
                               std::size_t limit, Done<SessionPage> done) {
    read(
        partition,
        [&](const Queries& queries) { return queries.sessions(partition, phase, cursor, limit); },
        done);
}

void KeyedStore::list_timers(Partition partition, UnixMillis after_due, UnixMillis before_due,
                             std::size_t limit, std::size_t skip, Done<TimerPage> done) {
    read(
        partition,
        [&](const Queries& queries) {
            return queries.timers(partition, after_due, before_due, limit, skip);
        },
        done);
}

void KeyedStore::session_timers(const SessionId& session, Done<std::vector<TimerRecord>> done) {
    read(
        session.partition(), [&](const Queries& queries) { return queries.timers(session); }, done);
}

void KeyedStore::list_inbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                            Done<std::vector<InboxRecord>> done) {
    read(
        partition,
        [&](const Queries& queries) { return queries.inbox(partition, after_number, limit); },
        done);
}

void KeyedStore::list_outbox(Partition partition, std::uint64_t after_number, std::size_t limit,
                             Done<std::vector<OutboxRecord>> done) {
    read(
        partition,
        [&](const Queries& queries) { return queries.outbox(partition, after_number, limit); },
        done);
}

void KeyedStore::list_journal(const SessionId& session, std::size_t limit,
                              Done<std::vector<JournalRecord>> done) {
    const std::size_t kept = std::min<std::size_t>(limit, journal_.length);
    read(
        session.partition(), [&](const Queries& queries) { return queries.journal(session, kept); },
        done);
}

void KeyedStore::find_answer(Partition partition, const std::string& key,
                             Done<std::optional<AnswerRecord>> done) {
    read(
        partition, [&](const Queries& queries) { return queries.answer(partition, key); }, done);
}

void KeyedStore::read_partition(Partition partition, Done<PartitionRecord> done) {
    read(
        partition, [&](const Queries& queries) { return queries.partition(partition); }, done);
}

void KeyedStore::list_answers(Partition partition, const std::string& cursor, std::size_t limit,
                              Done<AnswerPage> done) {
    read(
        partition,
        [&](const Queries& queries) { return queries.answers(partition, cursor, limit); }, done);
}

void KeyedStore::find_document(const std::string& hash, Done<std::optional<std::string>> done) {
    read(
        kAnyPartition, [&](const Queries& queries) { return queries.document(hash); }, done);
}

void KeyedStore::find_document_name(const std::string& name,
                                    Done<std::optional<DocumentName>> done) {
    read(
        kAnyPartition, [&](const Queries& queries) { return queries.document_name(name); }, done);
}

void KeyedStore::list_document_names(Done<std::vector<DocumentName>> done) {
    read(
        kAnyPartition, [](const Queries& queries) { return queries.document_names(); }, done);
}

}  // namespace fermata::store
