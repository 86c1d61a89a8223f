# The page (ui/), built by npm and compiled in; without SYNAP_UI the program serves none.
find_program(SYNAP_NODE node HINTS "${CMAKE_SOURCE_DIR}/build/node/node_modules/.bin")
if(SYNAP_UI AND NOT SYNAP_NODE)
  message(FATAL_ERROR "The page is built by node, which is not here: tools/setup.sh installs it, and "
                      "-DSYNAP_UI=OFF builds without the page")
endif()

function(synap_add_page_files target)
  if(NOT SYNAP_UI)
    target_sources(${target} PRIVATE no_files.cpp)
    return()
  endif()
  set(ui "${CMAKE_SOURCE_DIR}/ui")
  set(out "${CMAKE_BINARY_DIR}/page")
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${ui}/src/*")
  list(APPEND sources ${ui}/build.mjs ${ui}/package.json ${ui}/package-lock.json ${ui}/tsconfig.json)
  add_custom_command(
    OUTPUT "${out}/page_files.cpp"
    COMMAND ${CMAKE_COMMAND} -E env "PATH=${CMAKE_SOURCE_DIR}/build/node/node_modules/.bin:$ENV{PATH}"
            "${CMAKE_SOURCE_DIR}/tools/npm_ci.sh" ui
    COMMAND "${SYNAP_NODE}" "${ui}/build.mjs" "${out}/files"
    COMMAND "${SYNAP_NODE}" "${CMAKE_SOURCE_DIR}/tools/embed_page.mjs" "${out}/files"
            "${out}/page_files.cpp"
    DEPENDS ${sources} "${CMAKE_SOURCE_DIR}/tools/embed_page.mjs"
    COMMENT "Building the page"
    VERBATIM)
  target_sources(${target} PRIVATE "${out}/page_files.cpp")
  set_source_files_properties("${out}/page_files.cpp" PROPERTIES COMPILE_OPTIONS -Wno-c23-extensions)
endfunction()
