# Group commits of the embedded store beside a bare RocksDB loop.
add_executable(store_bench store_bench.cpp)
target_link_libraries(store_bench PRIVATE
  fermata::store fermata_warnings benchmark::benchmark_main RocksDB::rocksdb-shared Fermata::allocator)
