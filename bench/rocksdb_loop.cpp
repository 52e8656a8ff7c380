// The bare reference for durable events: a loop of RocksDB group commits of the same bytes,
// fsynced, with nothing around it.
//
//   rocksdb_loop FOLDER GROUP BYTES SECONDS
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: rocksdb_loop FOLDER GROUP BYTES SECONDS\n");
        return 2;
    }
    const int group = std::max(1, std::atoi(argv[2]));
    const std::string value(static_cast<std::size_t>(std::max(1, std::atoi(argv[3]))), 'x');
    const double seconds = std::clamp(std::atof(argv[4]), 0.1, 60.0);

    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* database = nullptr;
    if (!rocksdb::DB::Open(options, argv[1], &database).ok()) {
        std::fprintf(stderr, "cannot open %s\n", argv[1]);
        return 1;
    }
    rocksdb::WriteOptions durable;
    durable.sync = true;

    using Steady = std::chrono::steady_clock;
    const auto begin = Steady::now();
    long long commits = 0;
    while (std::chrono::duration<double>(Steady::now() - begin).count() < seconds) {
        rocksdb::WriteBatch batch;
        for (int at = 0; at < group; ++at) {
            batch.Put("s" + std::to_string(at), value);
        }
        if (!database->Write(durable, &batch).ok()) {
            return 1;
        }
        commits += group;
    }
    const double elapsed = std::chrono::duration<double>(Steady::now() - begin).count();
    std::printf("{\"per_second\": %.0f}\n", static_cast<double>(commits) / elapsed);
    delete database;
    return 0;
}
