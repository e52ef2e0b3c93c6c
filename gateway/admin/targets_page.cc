// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/targets_page.h"

#include "gateway/admin/query.h"
#include "gateway/chain/escape.h"

namespace sluice::admin {

std::optional<bool> persist_asked(std::string_view query) {
  bool persist = false, good = true;
  each_decoded(query, [&](std::string_view name, std::string_view value) {
    good = good && name == "persist" && (value == "true" || value == "false");
    persist = value == "true";
  });
  return good ? std::optional(persist) : std::nullopt;
}

std::optional<std::string> upstream_of_targets(std::string_view path) {
  constexpr std::string_view kBefore = "/upstreams/", kBehind = "/targets";
  if (!path.starts_with(kBefore) || !path.ends_with(kBehind) ||
      path.size() <= kBefore.size() + kBehind.size())
    return std::nullopt;
  path.remove_prefix(kBefore.size());
  path.remove_suffix(kBehind.size());
  if (path.find('/') != std::string_view::npos) return std::nullopt;
  return chain::decoded(path);
}

}  // namespace sluice::admin
