add_executable(interpreter_bench interpreter_bench.cpp)
target_link_libraries(interpreter_bench PRIVATE
  fermata::scxml fermata::script fermata_warnings benchmark::benchmark_main Fermata::allocator)
target_compile_definitions(interpreter_bench PRIVATE FERMATA_SHARED_DIR="${FERMATA_SHARED_DIR}")
