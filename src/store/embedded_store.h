// EmbeddedStore: the Store in one folder on disk (docs/formats/embedded-store.md). RocksDB stays in
// rocks_medium.cpp.
//
// One thread writes: it takes everything that waits, plans it into one atomic write and syncs it,
// so that one fsync serves all commits that waited for it. Callbacks of writes come from that
// thread, those of reads from within the call.
//
// Ownership: the folder belongs to one process at a time.
// Threads: every method from any thread; close() and the destructor never from a callback.
// Limits: EmbeddedOptions::queue_length_max and queue_bytes_max, answered with kOverloaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "store/keyed_store.h"
#include "store/write_queue.h"

namespace fermata::store {

// Section [persistence] of the configuration.
struct EmbeddedOptions {
    // path: the folder; created when it is missing.
    std::filesystem::path folder;
    // partitions: fixed when the folder is first used; another number later is refused.
    Partition partition_count = kPartitionsDefault;
    JournalOptions journal;
    // cache-size: bytes of uncompressed blocks kept for reading.
    std::size_t cache_bytes = std::size_t{64} << 20U;
    // write-buffer-size: bytes collected in memory before they become a sorted file. Up to
    // kWriteBuffersMax of them exist; the write-ahead log holds about as much.
    std::size_t write_buffer_bytes = std::size_t{32} << 20U;
    // max-open-files: sorted files kept open.
    int open_files_max = 512;
    // background-jobs: threads that write and merge sorted files.
    int background_jobs = 2;
    // max-waiting-commits: writes that may wait.
    std::size_t queue_length_max = 8192;
    // max-waiting-bytes: of writes that wait.
    std::size_t queue_bytes_max = std::size_t{256} << 20U;
    // max-group-size: bytes of one atomic write; what waits beyond it goes into the next.
    std::size_t group_bytes_max = std::size_t{4} << 20U;

    static constexpr int kWriteBuffersMax = 3;
};

class EmbeddedStore final : public KeyedStore {
  public:
    // kConflict: another process has the folder, or its partition count is another.
    // kInvalidArgument: the folder holds something else, or cannot be used. kCorrupt: it is
    // damaged; the message names the file.
    static Result<std::unique_ptr<EmbeddedStore>> open(const EmbeddedOptions& options);
    ~EmbeddedStore() override;

    [[nodiscard]] Facts facts() const override;
    [[nodiscard]] StoreCounters counters() const override;
    void close() override;

  private:
    EmbeddedStore(std::unique_ptr<Medium> medium, const EmbeddedOptions& options);
    void submit(std::unique_ptr<Write> write) override;

    WriteQueue queue_;
};

}  // namespace fermata::store
