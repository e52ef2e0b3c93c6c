# SPDX-License-Identifier: Apache-2.0
# Two precompiled headers, each compiled once and shared by all targets that take it: the headers that most files of
# gateway/ include, and these with googletest for the tests. Only headers that never change belong here, so that
# editing a header of ours never rebuilds the world. A macro that changes what one of them declares has to be set
# for the whole target.
set(SLUICE_PCH_HEADERS
  <algorithm> <array> <atomic> <chrono> <concepts> <coroutine> <cstdint> <cstring> <functional> <limits>
  <map> <memory> <mutex> <optional> <span> <string> <string_view> <type_traits> <unordered_map> <utility>
  <variant> <vector>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # A fifth less for each test. g++ gains nothing: it reads the whole of what is precompiled each time.
  list(APPEND SLUICE_PCH_HEADERS <charconv> <deque> <future> <set> <thread>
    <boost/asio/io_context.hpp> <boost/asio/post.hpp> <boost/asio/steady_timer.hpp> <fmt/format.h>
    <nghttp2/nghttp2.h> <openssl/ssl.h>)
endif()

# ccache can only look into a precompiled header of g++ with the first, and find one of clang again with the second.
set(SLUICE_PCH_OPTIONS $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")

function(sluice_precompiled name)
  if(NOT SLUICE_PCH)
    return()
  endif()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/${name}.cc CONTENT "// Holds the precompiled header.\n")
  add_library(${name} OBJECT ${PROJECT_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE sluice_options sluice_dependencies)
  target_precompile_headers(${name} PRIVATE ${ARGN})
  target_compile_options(${name} PRIVATE ${SLUICE_PCH_OPTIONS})
endfunction()

function(sluice_use_precompiled target name)
  if(SLUICE_PCH)
    target_precompile_headers(${target} REUSE_FROM ${name})
    target_compile_options(${target} PRIVATE ${SLUICE_PCH_OPTIONS})
  endif()
endfunction()

sluice_precompiled(sluice_pch ${SLUICE_PCH_HEADERS})
