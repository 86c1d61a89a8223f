# Every outside library, found once. docs/dependencies.md says what each is for.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)  # has no CMake package
pkg_check_modules(MD4C REQUIRED IMPORTED_TARGET md4c)  # its CMake package asks for its HTML library
find_package(CLI11 REQUIRED)
find_package(tomlplusplus REQUIRED)
# The allocator of the programs: events are made on one thread and freed on another, which costs the
# C library's a fifth of an append. Sanitizers bring their own.
if(SYNAP_SANITIZE)
  add_library(synap_allocator INTERFACE)
else()
  find_package(mimalloc REQUIRED)
  add_library(synap_allocator INTERFACE)
  target_link_libraries(synap_allocator INTERFACE mimalloc)
endif()
if(SYNAP_TESTS)
  enable_testing()
  find_package(GTest REQUIRED)
endif()
if(SYNAP_BENCH)
  find_package(benchmark REQUIRED)
endif()
