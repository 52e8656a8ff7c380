# fermata_module(scxml
#     SOURCES chart.cpp interpreter.cpp
#     TESTS chart_test.cpp
#     DEPS value script          other folders of src/; the layer check reads this line too
#     LINKS EXPAT::EXPAT)        third-party libraries
#
# makes the library fermata_scxml (alias fermata::scxml) and, when there are tests, one test
# binary fermata_scxml_test whose cases ctest lists one by one under the label `unit`.
function(fermata_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;TESTS;DEPS;LINKS;TEST_LINKS" ${ARGN})
  add_library(fermata_${name} STATIC ${arg_SOURCES})
  add_library(fermata::${name} ALIAS fermata_${name})
  target_include_directories(fermata_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(fermata_${name} PRIVATE fermata_warnings)
  foreach(dep IN LISTS arg_DEPS)
    target_link_libraries(fermata_${name} PUBLIC fermata::${dep})
  endforeach()
  target_link_libraries(fermata_${name} PUBLIC ${arg_LINKS})
  if(FERMATA_TESTS AND arg_TESTS)
    add_executable(fermata_${name}_test ${arg_TESTS})
    target_link_libraries(fermata_${name}_test PRIVATE
      fermata::${name} fermata_warnings GTest::gmock GTest::gtest_main ${arg_TEST_LINKS})
    target_compile_definitions(fermata_${name}_test PRIVATE
      FERMATA_SHARED_DIR="${FERMATA_SHARED_DIR}" FERMATA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    gtest_discover_tests(fermata_${name}_test
      DISCOVERY_MODE PRE_TEST PROPERTIES LABELS unit TIMEOUT 120)
  endif()
endfunction()
