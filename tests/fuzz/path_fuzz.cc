// SPDX-License-Identifier: Apache-2.0
// Path normalisation: what comes out is a fixed point, and no decoding that a server behind us may do turns
// it into another place of the tree.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/assert.h"
#include "gateway/http/uri.h"

namespace sluice {
namespace {

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

// Decodes every triplet once, as an application would. Asserts that all are whole and in upper case.
std::string decoded(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      out += path[i];
      continue;
    }
    SLUICE_ASSERT(i + 2 < path.size() && hex(path[i + 1]) >= 0 && hex(path[i + 2]) >= 0);
    out += static_cast<char>(hex(path[i + 1]) * 16 + hex(path[i + 2]));
    i += 2;
  }
  return out;
}

// A segment as the most careless server reads it: without parameters, split at backslashes too.
void check_segments(std::string_view path) {
  while (!path.empty()) {
    auto end = path.find_first_of("/\\");
    std::string_view segment = path.substr(0, end);
    segment = segment.substr(0, segment.find(';'));
    SLUICE_ASSERT(segment != "." && segment != "..");
    path.remove_prefix(end == path.npos ? path.size() : end + 1);
  }
}

void check(std::string_view path, const http::PathOptions& options) {
  base::Arena arena;
  auto normal = http::normalise_path(path, arena, options);
  if (!normal) {
    SLUICE_ASSERT(normal.error().reason == base::Reason::bad_request && !normal.error().detail.empty());
    return;
  }
  SLUICE_ASSERT(normal->starts_with('/') && normal->size() <= path.size());
  for (char c : *normal) SLUICE_ASSERT(c > 0x20 && c < 0x7F && c != '\\' && c != '#' && c != '?');
  auto again = http::normalise_path(*normal, arena, options);
  SLUICE_ASSERT(again && again->data() == normal->data());

  std::string text = decoded(*normal);
  SLUICE_ASSERT(text.find('\0') == text.npos);
  if (!options.encoded_backslash) SLUICE_ASSERT(text.find('\\') == text.npos);
  check_segments(*normal);
  check_segments(text);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view path(reinterpret_cast<const char*>(data), size);
  for (bool slash : {false, true})
    for (bool backslash : {false, true}) sluice::check(path, {slash, backslash});
  return 0;
}
