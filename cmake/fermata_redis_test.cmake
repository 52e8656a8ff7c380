# fermata_redis_test(redis_store.tls
#     SERVERS --tls --acl        what with_redis.py starts
#     COMMAND $<TARGET_FILE:fermata_redis_store_test> --gtest_filter=…
#     TIMEOUT 300
#     LABEL slow)                default: redis
#
# makes a ctest that runs the command beside a cluster of real servers of its own. The command finds them in the
# environment: tests/support/with_redis.py says how. With --valkey in SERVERS the test is left out, by a test that says
# so, where `scripts/dev deps` found no Valkey.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(fermata_redis_test name)
  cmake_parse_arguments(arg "" "TIMEOUT;LABEL" "SERVERS;COMMAND" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(NOT arg_LABEL)
    set(arg_LABEL redis)
  endif()
  if("--valkey" IN_LIST arg_SERVERS AND NOT EXISTS "${FERMATA_DEPS_DIR}/valkey/complete")
    add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo "left out: there is no Valkey in ${FERMATA_DEPS_DIR}/valkey")
  else()
    add_test(NAME ${name} COMMAND Python3::Interpreter "${CMAKE_SOURCE_DIR}/tests/support/with_redis.py"
      --life ${arg_TIMEOUT} ${arg_SERVERS} -- ${arg_COMMAND})
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} PROCESSORS 2)
endfunction()
