# SPDX-License-Identifier: Apache-2.0
# Compiler launcher, linker, warnings and sanitizers, the same for every target.
find_program(CCACHE ccache)
if(CCACHE)
  # The sloppiness is what ccache asks for with precompiled headers; the base directory lets build trees share hits.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
# Not with LTO: there the linker is not what takes the time, and mold 1.10 now and then loses g++'s early debug
# symbols ("undefined symbol: check.cc.1ff0eb4c").
find_program(MOLD mold)
if(MOLD AND NOT SLUICE_LTO)
  add_link_options(-fuse-ld=mold)
endif()

add_library(sluice_options INTERFACE)
target_include_directories(sluice_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(sluice_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow
  -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives of these on coroutine frames, std::optional and joined strings, the more so
  # where a precompiled header hides which lines are the system's. The sanitizer builds find the true ones.
  target_compile_options(sluice_options INTERFACE -Werror
    -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-dangling-pointer
    -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(SLUICE_JOINED AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # This warning takes the files that are joined for headers, whose unnamed namespaces it is about.
  target_compile_options(sluice_options INTERFACE -Wno-subobject-linkage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # The compiler collects its garbage less often: an eighth of the time for memory that is there.
  add_compile_options(--param=ggc-min-expand=300 --param=ggc-min-heapsize=524288)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # The table of field names is searched for at compile time (http/field_table.h). And what shadows something in a joined
  # file fails here as it would in the release.
  target_compile_options(sluice_options INTERFACE -fconstexpr-steps=16777216 -Werror=shadow)
endif()
if(SLUICE_SANITIZE)
  # Without no-sanitize-recover the undefined behaviour sanitizer only prints, and the test passes.
  target_compile_options(sluice_options INTERFACE
    -fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # The library's own checks: an index past a view's end that is still inside the buffer below it.
  target_compile_definitions(sluice_options INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES "undefined")
    # Without free descriptors this one cannot look, and reports what it did not see.
    target_compile_options(sluice_options INTERFACE -fno-sanitize=vptr)
  endif()
  if(SLUICE_SANITIZE MATCHES "address")
    target_compile_definitions(sluice_options INTERFACE SLUICE_ASAN)
  elseif(SLUICE_SANITIZE MATCHES "thread")
    target_compile_definitions(sluice_options INTERFACE SLUICE_TSAN)
  endif()
endif()
if(SLUICE_FUZZ)
  target_compile_options(sluice_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SLUICE_LTO)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The linker compiles once more, and does not remember this one of the options above.
    add_link_options(-Wno-stringop-overread)
  endif()
endif()
