#include "store/embedded_store.h"

#include <utility>

#include "store/log_check.h"
#include "store/rocks_medium.h"
#include "store/store_folder.h"

namespace fermata::store {

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(const EmbeddedOptions& options) {
    if (options.partition_count == 0 || options.partition_count > kPartitionsMax) {
        return Error(ErrorCode::kInvalidArgument, "partitions must be between 1 and " +
                                                      std::to_string(kPartitionsMax) + ", not " +
                                                      std::to_string(options.partition_count));
    }
    FERMATA_TRY_ASSIGN(StoreFolder folder,
                       StoreFolder::inspect(options.folder, options.partition_count));
    FERMATA_TRY(check_logs(options.folder));
    FERMATA_TRY_ASSIGN(auto medium, open_rocks_medium(options, folder.is_new()));
    if (folder.is_new()) {
        FERMATA_TRY(folder.finish_creation());
    }
    return std::unique_ptr<EmbeddedStore>(new EmbeddedStore(std::move(medium), options));
}

EmbeddedStore::EmbeddedStore(std::unique_ptr<Medium> medium, const EmbeddedOptions& options)
    : KeyedStore(std::move(medium), options.partition_count, options.journal),
      queue_({options.queue_length_max, options.queue_bytes_max, options.group_bytes_max},
             [this](const std::vector<std::unique_ptr<Write>>& writes, std::size_t first,
                    std::size_t bytes_max) {
                 GroupOutcome outcome =
                     write_group(this->medium(), journal(), writes, first, bytes_max);
                 count_group(outcome);
                 return outcome;
             }) {}

EmbeddedStore::~EmbeddedStore() {
    EmbeddedStore::close();
}

Facts EmbeddedStore::facts() const {
    return {"embedded", partition_count(), true};
}

StoreCounters EmbeddedStore::counters() const {
    StoreCounters counters = KeyedStore::counters();
    counters.waiting = queue_.size();
    return counters;
}

void EmbeddedStore::submit(std::unique_ptr<Write> write) {
    queue_.push(std::move(write));
}

void EmbeddedStore::close() {
    queue_.close();
    close_medium();
}

}  // namespace fermata::store
