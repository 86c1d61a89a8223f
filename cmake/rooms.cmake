# A room is a folder of src/ and one static library with an explicit list of files.
#
#   synap_room(events SOURCES log.cpp ... TESTS log_test.cpp ... DEPENDS base db LIBRARIES SQLite::SQLite3)
#
# gives the library synap_events, with src/ on its include path, and the test program events_tests.
# src/LAYERS says which room may include which; the test `tidy` compares it with the sources.
include(GoogleTest)

function(synap_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;TESTS;DEPENDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  list(TRANSFORM ROOM_DEPENDS PREPEND synap_)
  add_library(synap_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(synap_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(synap_${name} PUBLIC ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  if(SYNAP_TESTS AND ROOM_TESTS)
    string(REPLACE "/" "_" test_name "${name}_tests")
    add_executable(${test_name} ${ROOM_TESTS})
    target_link_libraries(${test_name} PRIVATE synap_${name} ${ROOM_TEST_LIBRARIES} GTest::gmock_main)
    gtest_discover_tests(${test_name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
  endif()
endfunction()
