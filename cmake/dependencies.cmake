# SPDX-License-Identifier: Apache-2.0
# Every library comes from a Debian 12 package; ./dev setup installs them.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(ARGON2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(CRYPT REQUIRED IMPORTED_TARGET libxcrypt)
find_library(HIREDIS hiredis REQUIRED)
pkg_check_modules(PUGIXML REQUIRED IMPORTED_TARGET pugixml)
find_package(absl REQUIRED)
find_library(ZLIB_LIBRARY z REQUIRED)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlienc libbrotlidec)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
find_library(PROMETHEUS_CORE prometheus-cpp-core REQUIRED)

add_library(sluice_dependencies INTERFACE)
target_link_libraries(sluice_dependencies INTERFACE
  Boost::headers fmt::fmt OpenSSL::SSL PkgConfig::RE2 PkgConfig::CARES PkgConfig::LIBYAML PkgConfig::NGHTTP2 PkgConfig::ARGON2
  PkgConfig::CRYPT PkgConfig::PUGIXML PkgConfig::BROTLI PkgConfig::ZSTD absl::time ${HIREDIS} ${ZLIB_LIBRARY} ${PROMETHEUS_CORE} Threads::Threads)
