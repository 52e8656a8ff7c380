#include "app/store_writing.h"

#include <utility>

#include "app/store_asking.h"

namespace fermata::app {

namespace {

// One import: large enough to be worth its round trip, small enough for one script of Redis.
constexpr std::size_t kBatchBytesMax = std::size_t{512} << 10U;
constexpr std::size_t kBatchRecordsMax = 500;

Error out_of_order(const std::string& what) {
    return {ErrorCode::kCorrupt, "the export is not complete: " + what};
}

std::size_t size_of(const StoredSession& session) {
    std::size_t bytes = 0;
    for (const store::Field& field : session.record.fields) {
        bytes += field.name.size() + field.value.size();
    }
    for (const store::TimerRecord& timer : session.timers) {
        bytes += timer.payload.size();
    }
    for (const store::JournalRecord& entry : session.journal) {
        bytes += entry.payload.size();
    }
    return bytes + (session.record.end ? session.record.end->payload.size() : 0);
}

}  // namespace

class StoreWriting::Writer {
  public:
    Writer(store::Store& store, WritingOptions options)
        : store_(store), options_(std::move(options)) {}

    Result<void> operator()(const StoreHead& head) {
        const Partition partitions = store_.facts().partition_count;
        if (head.partitions != partitions) {
            return Error(ErrorCode::kInvalidArgument,
                         "the export is of a store with " + std::to_string(head.partitions) +
                             " partitions, this one has " + std::to_string(partitions) +
                             ": sessions cannot change their partition; set [persistence] "
                             "partitions=" +
                             std::to_string(head.partitions) + " for a store that is still empty");
        }
        begun_ = true;
        return {};
    }
    Result<void> operator()(StoredDocument document) {
        ++counts_.documents;
        if (options_.dry_run) {
            return {};
        }
        FERMATA_TRY(ask_store<bool>([&](auto done) {
            store_.put_document(document.hash, document.bytes, std::move(done));
        }));
        return {};
    }
    Result<void> operator()(const store::DocumentName& name) {
        ++counts_.names;
        if (options_.dry_run) {
            return {};
        }
        FERMATA_TRY_ASSIGN(const auto known,
                           ask_store<std::optional<store::DocumentName>>([&](auto done) {
                               store_.find_document_name(name.name, std::move(done));
                           }));
        if (known && known->hash != name.hash) {
            kept_names_.push_back(name.name);
            return {};
        }
        FERMATA_TRY(
            ask_store<bool>([&](auto done) { store_.put_document_name(name, std::move(done)); }));
        return {};
    }
    Result<void> operator()(const StoredPartition& partition) {
        FERMATA_TRY(write());
        store::Epoch epoch = 0;
        if (!options_.dry_run) {
            FERMATA_TRY_ASSIGN(epoch, ask_store<store::Epoch>([&](auto done) {
                                   store_.claim(partition.partition, options_.node,
                                                std::move(done));
                               }));
        }
        batch_ = store::ImportBatch();
        batch_.partition = partition.partition;
        batch_.epoch = epoch;
        batch_.next_number = partition.next_number;
        batch_.senders = partition.senders;
        claimed_ = true;
        changed_ = partition.next_number > 1 || !partition.senders.empty();
        return {};
    }
    Result<void> operator()(StoredSession session) {
        ++counts_.sessions;
        counts_.ended += session.record.end ? 1 : 0;
        counts_.timers += session.timers.size();
        bytes_ += size_of(session);
        records_ += 1 + session.timers.size() + session.journal.size();
        batch_.sessions.push_back(std::move(session.record));
        append(batch_.timers, std::move(session.timers));
        append(batch_.journal, std::move(session.journal));
        return added(batch_.sessions.back().session.partition());
    }
    Result<void> operator()(store::InboxRecord record) {
        ++counts_.inbox;
        return add(batch_.inbox, std::move(record));
    }
    Result<void> operator()(store::OutboxRecord record) {
        ++counts_.outbox;
        return add(batch_.outbox, std::move(record));
    }
    Result<void> operator()(StoredAnswer stored) {
        ++counts_.answers;
        ++records_;
        bytes_ += stored.answer.key.size() + stored.answer.answer.size();
        batch_.answers.push_back(std::move(stored.answer));
        return added(stored.partition);
    }
    Result<void> operator()(const StoreCounts& counts) {
        FERMATA_TRY(write());
        if (counts != counts_) {
            return out_of_order("it says " + std::to_string(counts.sessions) +
                                " sessions and has " + std::to_string(counts_.sessions) +
                                ", or differs in what belongs to them");
        }
        finished_ = counts_;
        return {};
    }

    [[nodiscard]] bool begun() const { return begun_; }
    [[nodiscard]] const std::optional<StoreCounts>& finished() const { return finished_; }
    [[nodiscard]] const std::vector<std::string>& kept_names() const { return kept_names_; }

  private:
    template <typename Record>
    static void append(std::vector<Record>& list, std::vector<Record> more) {
        list.insert(list.end(), std::make_move_iterator(more.begin()),
                    std::make_move_iterator(more.end()));
    }
    template <typename Record>
    Result<void> add(std::vector<Record>& list, Record record) {
        const Partition partition = record.session.partition();
        ++records_;
        bytes_ += record.payload.size();
        list.push_back(std::move(record));
        return added(partition);
    }
    Result<void> added(Partition partition) {
        if (!claimed_ || partition != batch_.partition) {
            return out_of_order("a record stands outside of its partition " +
                                std::to_string(partition));
        }
        changed_ = true;
        return bytes_ >= kBatchBytesMax || records_ >= kBatchRecordsMax ? write() : Result<void>();
    }
    Result<void> write() {
        if (!std::exchange(changed_, false)) {
            return {};
        }
        store::ImportBatch batch;
        batch.partition = batch_.partition;
        batch.epoch = batch_.epoch;
        std::swap(batch, batch_);
        bytes_ = 0;
        records_ = 0;
        if (options_.dry_run) {
            return {};
        }
        FERMATA_TRY(ask_store<std::size_t>(
            [&](auto done) { store_.import_records(std::move(batch), std::move(done)); }));
        if (options_.progress) {
            options_.progress(counts_.sessions);
        }
        return {};
    }

    store::Store& store_;
    const WritingOptions options_;
    StoreCounts counts_;
    std::optional<StoreCounts> finished_;
    std::vector<std::string> kept_names_;
    store::ImportBatch batch_;
    std::size_t bytes_ = 0;
    std::size_t records_ = 0;
    bool begun_ = false;
    bool claimed_ = false;
    bool changed_ = false;
};

StoreWriting::StoreWriting(store::Store& store, WritingOptions options)
    : writer_(std::make_unique<Writer>(store, std::move(options))) {}

StoreWriting::~StoreWriting() = default;

Result<void> StoreWriting::take(StoredPiece piece) {
    if (!writer_->begun() && !std::holds_alternative<StoreHead>(piece)) {
        return out_of_order("it does not begin with its head");
    }
    if (writer_->finished()) {
        return out_of_order("something follows its end");
    }
    return std::visit(
        [this](auto&& held) { return (*writer_)(std::forward<decltype(held)>(held)); },
        std::move(piece));
}

const std::optional<StoreCounts>& StoreWriting::finished() const {
    return writer_->finished();
}

const std::vector<std::string>& StoreWriting::kept_names() const {
    return writer_->kept_names();
}

}  // namespace fermata::app
