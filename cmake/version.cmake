# SPDX-License-Identifier: Apache-2.0
# Writes sluice_version.h. A tree without git, such as a release tarball, has the revision "unknown"; a commit
# makes CMake look again, so the one file that includes the header is never stale.
execute_process(COMMAND git describe --always --abbrev=12 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
  OUTPUT_VARIABLE SLUICE_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(SLUICE_REVISION unknown)
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/.git/logs/HEAD)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS .git/logs/HEAD)
endif()
configure_file(cmake/version.h.in ${PROJECT_BINARY_DIR}/generated/sluice_version.h @ONLY)
target_include_directories(sluice_options INTERFACE ${PROJECT_BINARY_DIR}/generated)
