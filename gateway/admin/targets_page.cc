// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/targets_page.h"

#include "gateway/admin/query.h"

namespace sluice::admin {

std::optional<std::string> upstream_of_targets(std::string_view path) {
  constexpr std::string_view kBefore = "/upstreams/", kBehind = "/targets";
  if (!path.starts_with(kBefore) || !path.ends_with(kBehind) ||
      path.size() <= kBefore.size() + kBehind.size())
    return std::nullopt;
  path.remove_prefix(kBefore.size());
  path.remove_suffix(kBehind.size());
  if (path.find('/') != std::string_view::npos) return std::nullopt;
  return decoded(path);
}

}  // namespace sluice::admin
