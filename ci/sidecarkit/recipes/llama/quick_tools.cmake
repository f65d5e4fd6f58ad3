# llama-bench needs llama-common for its options alone: a third of the whole compile time at -O3, and none of it
# runs while tokens are measured. Included by CMake right after llama.cpp's project(); the targets come later.
function(_quick_tools)
  foreach(target llama-common llama-common-base cpp-httplib)
    if(TARGET ${target})
      target_compile_options(${target} PRIVATE -O1 -fno-sanitize=undefined)
    endif()
  endforeach()
endfunction()
cmake_language(DEFER DIRECTORY "${CMAKE_SOURCE_DIR}" CALL _quick_tools)
