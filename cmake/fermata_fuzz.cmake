# fermata_fuzz_target(json
#     SOURCES json_fuzz.cpp
#     DEPS value)             folders of src/
#
# makes the program fuzz_json with LLVMFuzzerTestOneInput from the sources. Seeds are in tests/fuzz/corpus/json/.
#
# With FERMATA_FUZZ everything of ours is compiled with libFuzzer's coverage and the sanitizers; ctest runs the target for a
# few seconds under the label `fuzz`. Otherwise it is a unit test, fuzz_seeds.json, that tries the seeds and what is near them, so
# that a target that does not build any more, or fails on what it once found, is seen with all other tests.
if(FERMATA_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "libFuzzer needs clang: use the preset `fuzz`")
  endif()
  set(FERMATA_FUZZ_SANITIZE address,undefined)
  add_compile_options(-fsanitize=fuzzer-no-link,${FERMATA_FUZZ_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${FERMATA_FUZZ_SANITIZE})
  set(FERMATA_FUZZ_SECONDS 10 CACHE STRING "how long ctest runs each fuzz target")
endif()

function(fermata_fuzz_target name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(fuzz_${name} ${arg_SOURCES})
  foreach(dep IN LISTS arg_DEPS)
    target_link_libraries(fuzz_${name} PRIVATE fermata::${dep})
  endforeach()
  if(FERMATA_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    # New inputs go to the first folder, the build's own; the seeds are only read.
    set(found "${CMAKE_BINARY_DIR}/fuzz/${name}")
    file(MAKE_DIRECTORY "${found}")
    add_test(NAME fuzz_${name} COMMAND fuzz_${name} -max_total_time=${FERMATA_FUZZ_SECONDS}
      -timeout=10 -rss_limit_mb=2048 "${found}" "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
    set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz)
  else()
    target_link_libraries(fuzz_${name} PRIVATE fermata_fuzz_seeds fermata_warnings)
    add_test(NAME fuzz_seeds.${name} COMMAND fuzz_${name} "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
    set_tests_properties(fuzz_seeds.${name} PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()
