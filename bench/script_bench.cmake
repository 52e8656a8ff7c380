add_executable(script_bench script_bench.cpp)
target_link_libraries(script_bench PRIVATE fermata::script fermata_warnings benchmark::benchmark Fermata::allocator)
