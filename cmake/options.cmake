# Compiler, warnings and sanitizers: one place, the same for every target.
option(SYNAP_TESTS "Build the tests" ON)
option(SYNAP_BENCH "Build the benchmarks" OFF)
option(SYNAP_FUZZ "Build the fuzzers" OFF)
option(SYNAP_UI "Build the page and compile it in" ON)
set(SYNAP_SANITIZE "" CACHE STRING "Value of -fsanitize=, empty for none")

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "g++ 12 destroys coroutine temporaries twice; build with clang++-19 (the presets do).")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

# Debug keeps optimisation off for speed of compilation and of thought; Sanitize is -O1, as their manuals advise.
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_SANITIZE "-O1 -gline-tables-only -fno-omit-frame-pointer")

add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast
                    -Wimplicit-fallthrough -Wextra-semi -Wno-unused-parameter
                    -Wno-missing-field-initializers)
# The same libstdc++ checks in every build: an out-of-range index stops the program instead of corrupting data.
add_compile_definitions(_GLIBCXX_ASSERTIONS)
if(NOT SYNAP_SANITIZE)
  add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
endif()
add_compile_options(-fstack-protector-strong)
add_link_options(-Wl,-z,relro,-z,now)

if(SYNAP_SANITIZE)
  add_compile_options(-fsanitize=${SYNAP_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SYNAP_SANITIZE})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(CCACHE ccache)
if(CCACHE)
  # Paths count from the tree, also those that sources have of themselves: what was compiled in one
  # clone need not be in the next.
  add_compile_options("-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=")
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=20G "${CCACHE}")
endif()
