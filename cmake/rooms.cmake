# A room is a folder of src/ and one static library with an explicit list of files.
#
#   synap_room(events SOURCES log.cpp ... TESTS log_test.cpp ... DEPENDS base db LIBRARIES SQLite::SQLite3)
#
# gives the library synap_events, with src/ on its include path, and the test program events_tests.
# src/LAYERS says which room may include which; the test `tidy` compares it with the sources.
include(GoogleTest)

# STORED_TESTS are tests that use events/test_store.h: they run on each engine, on PostgreSQL as
# events_postgres_tests.
function(synap_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;TESTS;STORED_TESTS;DEPENDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  list(TRANSFORM ROOM_DEPENDS PREPEND synap_)
  add_library(synap_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(synap_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(synap_${name} PUBLIC ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  if(NOT SYNAP_TESTS OR NOT (ROOM_TESTS OR ROOM_STORED_TESTS))
    return()
  endif()
  string(REPLACE "/" "_" test_name "${name}_tests")
  set(libraries synap_${name} ${ROOM_TEST_LIBRARIES} GTest::gmock_main)
  add_executable(${test_name} ${ROOM_TESTS})
  target_link_libraries(${test_name} PRIVATE ${libraries})
  if(ROOM_STORED_TESTS)
    string(REPLACE "_tests" "_stored_tests" stored "${test_name}")
    add_library(${stored} OBJECT ${ROOM_STORED_TESTS})
    target_link_libraries(${stored} PRIVATE ${libraries})
    target_link_libraries(${test_name} PRIVATE ${stored} synap_test_store)
    string(REPLACE "_tests" "_postgres_tests" on_postgres "${test_name}")
    add_executable(${on_postgres})
    target_link_libraries(${on_postgres} PRIVATE ${stored} ${libraries} synap_test_store_postgres)
    synap_postgres_tests(${on_postgres} Postgres.)
  endif()
  gtest_discover_tests(${test_name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
endfunction()

# Properties of tests that compute all the time, or expect answers in time: each counts as two. ctest
# starts whatever fits, the costliest first: among tests that count as one, two places are never free
# at once, and these would all be left to the end, one at a time. So they come first, and hand their
# two on to each other. What something waits for goes before all else, whatever it costs, as do a
# thousand tests of PostgreSQL, for which the end of the server waits: so something waits for these.
set(SYNAP_COUNTS_AS_TWO PROCESSORS 2 COST 10000 FIXTURES_REQUIRED counts_as_two)

# The tests of `target`, which ask the PostgreSQL server of SYNAP_TEST_POSTGRES_URL: the one that
# tests/postgres starts, or another's. What else is given stands before their names, which may be
# those of the embedded engine's tests.
function(synap_postgres_tests target)
  synap_postgres_server(url)
  gtest_discover_tests(${target} TEST_PREFIX "${ARGN}" DISCOVERY_TIMEOUT 60 PROPERTIES
    TIMEOUT 300 LABELS postgres FIXTURES_REQUIRED postgres
    ENVIRONMENT "SYNAP_TEST_POSTGRES_URL=${url}")
endfunction()

# The URL of the server that tests/postgres starts for tests which require the fixture `postgres`.
function(synap_postgres_server url)
  string(MD5 tree "${CMAKE_BINARY_DIR}")
  string(SUBSTRING "${tree}" 0 12 tree)
  set(directory "/tmp/synap-postgres-${tree}")
  set(${url} "postgres://synap@/?host=${directory}" PARENT_SCOPE)
  # The one that starts it, whichever folder needs it first: TEST knows those of this folder only.
  get_property(is_added GLOBAL PROPERTY SYNAP_POSTGRES_SERVER)
  if(NOT is_added)
    set_property(GLOBAL PROPERTY SYNAP_POSTGRES_SERVER ON)
    set(server "${CMAKE_SOURCE_DIR}/tests/postgres/server.sh")
    add_test(NAME postgres_start COMMAND "${server}" start "${directory}")
    add_test(NAME postgres_stop COMMAND "${server}" stop "${directory}")
    # What others wait for begins before all of them; its places go to the first that needs two.
    set_tests_properties(postgres_start PROPERTIES
      FIXTURES_SETUP postgres TIMEOUT 60 PROCESSORS 2 COST 10000)
    set_tests_properties(postgres_stop PROPERTIES FIXTURES_CLEANUP postgres TIMEOUT 60)
  endif()
endfunction()

# Sources of this folder whose loops over numbers a debug build optimises, too: without that a test
# of a sentence model would take minutes.
function(synap_optimise_in_debug)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS "$<$<CONFIG:Debug>:-O2>")
endfunction()
