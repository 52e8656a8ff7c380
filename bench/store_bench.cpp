// Durable commits of the embedded store, 1, 16 and 128 sessions to a batch, beside a bare RocksDB
// loop that writes as many bytes, as durably, in the same run and on the same disk.
//
//   store_bench --benchmark_min_time=1
//
// FERMATA_BENCH_FOLDER names the disk; the default is the folder for temporary files. Items are
// session commits; the counter `fsyncs` is of the store, per batch.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "store/embedded_store.h"
#include "store/testing.h"

namespace fermata::store {
namespace {

constexpr std::size_t kRecordBytes = 1000;

std::filesystem::path bench_folder() {
    const char* folder = std::getenv("FERMATA_BENCH_FOLDER");
    return folder == nullptr ? std::filesystem::temp_directory_path() : folder;
}

std::vector<SessionId> bench_sessions(benchmark::State& state) {
    std::vector<SessionId> sessions;
    for (std::int64_t number = 1; number <= state.range(0); ++number) {
        sessions.push_back(test_session(static_cast<std::uint64_t>(number)));
    }
    return sessions;
}

void embedded_store(benchmark::State& state) {
    const TemporaryFolder folder(bench_folder());
    EmbeddedOptions options;
    options.folder = folder.path() / "store";
    auto store = EmbeddedStore::open(options);
    if (!store) {
        state.SkipWithError(store.error().message().c_str());
        return;
    }
    const auto epoch = wait<Epoch>([&](auto done) { (*store)->claim(0, 1, done); });
    const std::vector<SessionId> sessions = bench_sessions(state);
    const std::uint64_t groups_before = (*store)->counters().groups;
    std::uint64_t seq = 0;
    for ([[maybe_unused]] auto _ : state) {
        ++seq;
        CommitBatch batch;
        batch.epoch = *epoch;
        for (const SessionId& session : sessions) {
            batch.sessions.push_back(test_step(session, seq, std::string(kRecordBytes, 's')));
        }
        const auto answer =
            wait<CommitAnswer>([&](auto done) { (*store)->commit(std::move(batch), done); });
        if (!answer || answer->sessions.front().status != CommitStatus::kCommitted) {
            state.SkipWithError("a commit was not applied");
            return;
        }
    }
    const StoreCounters counters = (*store)->counters();
    state.SetItemsProcessed(static_cast<std::int64_t>(seq) * state.range(0));
    state.counters["fsyncs"] = static_cast<double>(counters.groups - groups_before) /
                               static_cast<double>(state.iterations());
}

// The same two entries a session: its head and its state.
void bare_rocksdb(benchmark::State& state) {
    const TemporaryFolder folder(bench_folder());
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression;
    rocksdb::DB* opened = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(options, (folder.path() / "rocksdb").string(), &opened);
    if (!status.ok()) {
        state.SkipWithError(status.ToString().c_str());
        return;
    }
    const std::unique_ptr<rocksdb::DB> database(opened);
    const std::vector<SessionId> sessions = bench_sessions(state);
    const std::string head(6, 'h');
    const std::string record(kRecordBytes, 's');
    rocksdb::WriteOptions durable;
    durable.sync = true;
    std::int64_t batches = 0;
    for ([[maybe_unused]] auto _ : state) {
        rocksdb::WriteBatch batch;
        for (const SessionId& session : sessions) {
            const std::string key(reinterpret_cast<const char*>(session.bytes().data()),
                                  SessionId::kBytes);
            (void)batch.Put("\1\1s" + key, head);
            (void)batch.Put("\1\1f" + key + "state", record);
        }
        if (!database->Write(durable, &batch).ok()) {
            state.SkipWithError("a write failed");
            return;
        }
        ++batches;
    }
    state.SetItemsProcessed(batches * state.range(0));
}

BENCHMARK(bare_rocksdb)->Arg(1)->Arg(16)->Arg(128)->UseRealTime();
BENCHMARK(embedded_store)->Arg(1)->Arg(16)->Arg(128)->UseRealTime();

}  // namespace
}  // namespace fermata::store
