# SPDX-License-Identifier: Apache-2.0
# One object library per line of gateway/layers.txt. Objects, not archives: filters and handlers register
# themselves in static initialisers, which a linker drops from an archive.
file(STRINGS gateway/layers.txt SLUICE_LAYERS REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS gateway/layers.txt)

foreach(layer IN LISTS SLUICE_LAYERS)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS gateway/${layer}/*.cc)
  list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/gateway/cli/main.cc)
  if(NOT sources)
    continue()
  endif()
  add_library(sluice_${layer} OBJECT ${sources})
  target_link_libraries(sluice_${layer} PUBLIC sluice_options sluice_dependencies)
  sluice_use_precompiled(sluice_${layer} sluice_pch)
  list(APPEND SLUICE_BUILT_LAYERS ${layer})
endforeach()

# Links `target` with every layer up to and including `LAST` (default: all of them).
function(sluice_link_layers target)
  cmake_parse_arguments(ARG "" "LAST" "" ${ARGN})
  foreach(layer IN LISTS SLUICE_BUILT_LAYERS)
    target_link_libraries(${target} PRIVATE sluice_${layer})
    if(layer STREQUAL "${ARG_LAST}")
      break()
    endif()
  endforeach()
  target_link_libraries(${target} PRIVATE sluice_options sluice_dependencies)
endfunction()
