# Compiles several sources as one: most of what a source costs is the headers that it shares with the
# others of its target, and is paid once for all of them. For builds of everything from nothing; who
# changes one file waits for those that are compiled with it. tools/batches.py says which can go
# together, each source still compiles alone, and a library is made of the same sources.
#
#   synap_batches()  at the end, when all targets are there
option(SYNAP_BATCHES "Compile several sources as one" OFF)

function(synap_batches)
  if(NOT SYNAP_BATCHES)
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(list "")
  synap_list_sources("${CMAKE_SOURCE_DIR}")
  set(file "${CMAKE_BINARY_DIR}/sources.tsv")
  file(WRITE "${file}" "${list}")
  execute_process(COMMAND "${Python3_EXECUTABLE}" "${CMAKE_SOURCE_DIR}/tools/batches.py"
    INPUT_FILE "${file}" OUTPUT_VARIABLE batches COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" batches "${batches}")
  foreach(line IN LISTS batches)
    string(REPLACE "\t" ";" line "${line}")
    list(GET line 0 target)
    list(GET line 1 source)
    list(GET line 2 number)
    get_target_property(directory ${target} SOURCE_DIR)
    # A source may be in two targets of a folder, and then in a batch of each.
    set_property(SOURCE "${source}" DIRECTORY "${directory}" PROPERTY UNITY_GROUP "${number}")
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  endforeach()
endfunction()

# Adds "target<tab>path" of all sources of C++ of `directory` and those below to `list`.
function(synap_list_sources directory)
  get_property(targets DIRECTORY "${directory}" PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type MATCHES "^(EXECUTABLE|STATIC_LIBRARY|OBJECT_LIBRARY)$")
      continue()
    endif()
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
      get_filename_component(path "${source}" ABSOLUTE BASE_DIR "${directory}")
      # Not what the build makes, which is not there yet.
      if(path MATCHES "\\.cpp$" AND EXISTS "${path}" AND NOT path MATCHES "^${CMAKE_BINARY_DIR}/")
        string(APPEND list "${target}\t${path}\n")
      endif()
    endforeach()
  endforeach()
  get_property(folders DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
  foreach(folder IN LISTS folders)
    synap_list_sources("${folder}")
  endforeach()
  set(list "${list}" PARENT_SCOPE)
endfunction()
