// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/table_parts.h"

#include <algorithm>

#include <re2/re2.h>

namespace sluice::routing {

bool TableParts::conditions_fit(const Entry& entry, const Arrival& arrival) const noexcept {
  if (entry.conditions == kNone) return true;
  const auto& list = conditions[entry.conditions];
  return std::all_of(list.begin(), list.end(), [&](const auto& c) { return c->fits(arrival); });
}

bool TableParts::regex_fits(const Entry& entry, std::string_view path) const {
  if (entry.regex == kNone) return true;
  return regexes[entry.regex]->Match({path.data(), path.size()}, 0, path.size(), RE2::ANCHOR_BOTH, nullptr,
                                     0);
}

std::size_t TableParts::memory() const noexcept {
  std::size_t bytes = sizeof(TableParts) + trie.memory() + methods.memory() + texts.capacity();
  bytes += entries.capacity() * sizeof(Entry) + patterns.capacity() * sizeof(StoredPattern);
  bytes += captures.capacity() * sizeof(CaptureSlot) + regexes.capacity() * sizeof(regexes[0]);
  bytes += conditions.capacity() * sizeof(conditions[0]) + priorities.capacity() * sizeof(int);
  return bytes;
}

}  // namespace sluice::routing
