#include "store/rocks_medium.h"

#include <string>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_batch.h>

#include "store/embedded_store.h"
#include "store/keys.h"
#include "store/store_folder.h"

namespace fermata::store {
namespace {

rocksdb::Slice slice(std::string_view bytes) {
    return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
    return {bytes.data(), bytes.size()};
}

// RocksDB's messages name the file where it matters.
Error to_error(const rocksdb::Status& status, std::string_view doing) {
    const std::string message = std::string(doing) + ": " + status.ToString();
    if (status.IsCorruption()) {
        return {ErrorCode::kCorrupt, message + "; restore the folder from a backup"};
    }
    return {ErrorCode::kUnavailable, message};
}

Error open_error(const rocksdb::Status& status, const std::string& folder) {
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
        return {ErrorCode::kConflict,
                folder +
                    " is in use by another process (or twice by this one); a store "
                    "belongs to one process at a time"};
    }
    return to_error(status, "cannot open the store in " + folder);
}

class RocksMedium final : public Medium {
  public:
    explicit RocksMedium(std::unique_ptr<rocksdb::DB> database) : database_(std::move(database)) {}

    Result<std::optional<std::string>> get(std::string_view key) const override {
        std::string value;
        const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), slice(key), &value);
        if (status.IsNotFound()) {
            return std::optional<std::string>();
        }
        if (!status.ok()) {
            return to_error(status, "cannot read the store");
        }
        return std::optional<std::string>(std::move(value));
    }

    Result<void> scan(std::string_view begin, std::string_view end, Direction direction,
                      const Visit& visit) const override {
        const rocksdb::Slice lower = slice(begin);
        const rocksdb::Slice upper = slice(end);
        rocksdb::ReadOptions options;
        options.iterate_lower_bound = &lower;
        options.iterate_upper_bound = &upper;
        const std::unique_ptr<rocksdb::Iterator> at(database_->NewIterator(options));
        const bool forward = direction == Direction::kForward;
        forward ? at->SeekToFirst() : at->SeekToLast();
        while (at->Valid() && visit(view(at->key()), view(at->value()))) {
            forward ? at->Next() : at->Prev();
        }
        if (!at->status().ok()) {
            return to_error(at->status(), "cannot read the store");
        }
        return {};
    }

    Result<void> write(const Changes& changes) override {
        rocksdb::WriteBatch batch;
        for (const auto& [key, value] : changes) {
            const rocksdb::Status status = value ? batch.Put(key, *value) : batch.Delete(key);
            if (!status.ok()) {
                return to_error(status, "cannot collect a write");
            }
        }
        rocksdb::WriteOptions options;
        options.sync = true;
        const rocksdb::Status status = database_->Write(options, &batch);
        if (!status.ok()) {
            return to_error(status, "cannot write to the store");
        }
        return {};
    }

  private:
    std::unique_ptr<rocksdb::DB> database_;
};

rocksdb::BlockBasedTableOptions table_options(const EmbeddedOptions& options) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
    // Records are around 1 KB: a few in a block, so that loading one session reads little more.
    table.block_size = std::size_t{8} << 10U;
    // Index and filters are paid from the same bounded cache.
    table.cache_index_and_filter_blocks = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    constexpr double kFilterBitsPerKey = 10;  // 1 % of needless reads
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerKey));
    table.format_version = 5;
    return table;
}

// What was acknowledged must be there or be missed aloud.
void set_safety(rocksdb::Options& database) {
    // A record cut off at the end of the log is a write that was never acknowledged: power failed
    // in the middle of it. Everything else that is wrong is damage and refuses to open. (The
    // default, point-in-time recovery, would silently drop all that follows the damage.)
    database.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    // Old contents of a recycled file would make the two indistinguishable.
    database.recycle_log_file_num = 0;
    // Logs that are missing or too short, other than the last, are noticed.
    database.track_and_verify_wals_in_manifest = true;
    database.paranoid_checks = true;
}

rocksdb::Options database_options(const EmbeddedOptions& options, bool create) {
    rocksdb::Options database;
    database.create_if_missing = create;
    set_safety(database);
    database.write_buffer_size = options.write_buffer_bytes;
    database.max_write_buffer_number = EmbeddedOptions::kWriteBuffersMax;
    database.max_open_files = options.open_files_max;
    database.max_background_jobs = options.background_jobs;
    // Written in the background all along, rather than in one burst that delays commits.
    database.bytes_per_sync = std::size_t{1} << 20U;
    // Payloads are small and change often: compressing them again and again costs more than the
    // space is worth.
    database.compression = rocksdb::kNoCompression;
    database.level_compaction_dynamic_level_bytes = true;
    // Inbox, outbox and timers are queues: most of what is written is soon deleted. Files full of
    // deletions are merged early, so that reading the front of a queue stays cheap.
    constexpr std::size_t kDeletionWindow = 4096;
    constexpr std::size_t kDeletionTrigger = 2048;
    database.table_properties_collector_factories.push_back(
        rocksdb::NewCompactOnDeletionCollectorFactory(kDeletionWindow, kDeletionTrigger));
    database.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(options)));
    // RocksDB's own diary, the file LOG.
    database.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    database.keep_log_file_num = 4;
    database.max_log_file_size = std::size_t{4} << 20U;
    database.stats_dump_period_sec = 0;
    return database;
}

// The format version is inside the database too, so that a marker beside a foreign one is noticed.
Result<void> check_format(Medium& medium, bool create) {
    const std::string key = Key(Table::kFormat).bytes();
    const std::string version = std::to_string(StoreFolder::kFormatVersion);
    FERMATA_TRY_ASSIGN(const auto stored, medium.get(key));
    if (!stored && create) {
        return medium.write({{key, version}});
    }
    if (stored != version) {
        return Error(
            ErrorCode::kCorrupt,
            stored ? "the database has format \"" + *stored + "\", expected \"" + version + "\""
                   : "the database beside the marker file is no store of Fermata");
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Medium>> open_rocks_medium(const EmbeddedOptions& options, bool create) {
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(database_options(options, create), options.folder.string(), &opened);
    if (!status.ok()) {
        return open_error(status, options.folder.string());
    }
    auto medium = std::make_unique<RocksMedium>(std::unique_ptr<rocksdb::DB>(opened));
    FERMATA_TRY(check_format(*medium, create));
    return std::unique_ptr<Medium>(std::move(medium));
}

}  // namespace fermata::store
