add_executable(http_bench http_bench.cpp)
target_link_libraries(http_bench PRIVATE fermata::http fermata_warnings Fermata::allocator)
