// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/separators.h"

namespace sluice::http {
namespace {

constexpr std::string_view kSlash = "%2F", kBackslash = "%5C";

}  // namespace

PathOptions separators_in(std::string_view path) noexcept {
  auto has = [&](std::string_view triplet) { return path.find(triplet) != std::string_view::npos; };
  return {.encoded_slash = has(kSlash), .encoded_backslash = has(kBackslash)};
}

std::string_view as_read(std::string_view path, const PathOptions& decoded, base::Arena& arena) {
  char* begin = arena.chars(path.size());
  char* out = begin;
  while (!path.empty()) {
    bool separator = (decoded.encoded_slash && path.starts_with(kSlash)) ||
                     (decoded.encoded_backslash && path.starts_with(kBackslash));
    *out++ = separator ? '/' : path.front();
    path.remove_prefix(separator ? kSlash.size() : 1);
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace sluice::http
