// SPDX-License-Identifier: Apache-2.0
// check(): the one pass that sees every byte, and finds what stands at the end of a way.
#include "gateway/json/along.h"

namespace sluice::json {

std::optional<Fault> check(std::string_view text) noexcept {
  Checker checker(text);
  return checker.whole([&](const char* at) { return checker.value(at); });
}

std::optional<Fault> check(std::string_view text, std::span<const PathStep> names,
                           std::string_view& found) noexcept {
  Checker checker(text);
  const char* begin = nullptr;
  const char* end = nullptr;
  Along along(
      checker, names,
      [&](const char* at) {
        begin = at;
        return end = checker.value(at);
      },
      [&] { begin = end = nullptr; });
  auto fault = checker.whole([&](const char* at) { return along.go(at); });
  found =
      begin && !fault ? std::string_view(begin, static_cast<std::size_t>(end - begin)) : std::string_view();
  return fault;
}

}  // namespace sluice::json
