# Commits of the Redis store beside a bare hiredis loop; bench/redis_run.py starts a cluster and prints the table.
add_executable(redis_store_bench redis_store_bench.cpp redis_load.cpp redis_loop.cpp redis_recovery.cpp)
target_link_libraries(redis_store_bench PRIVATE fermata::redis_store fermata_warnings Fermata::hiredis Fermata::allocator)
