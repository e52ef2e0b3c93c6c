// SPDX-License-Identifier: Apache-2.0
// The address /upstreams/U/targets, where targets are told in place of those of the configuration: PUT with a
// list as `targets` has it, in JSON or YAML; DELETE goes back. Not kept beyond the process.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sluice::admin {

struct TargetSuppliers {
  // How many targets there are now, or what is wrong with the list; nothing if there is no such upstream.
  std::function<std::optional<base::Result<std::size_t>>(std::string_view upstream, std::string list)> put;
  // False if nothing was told.
  std::function<bool(std::string_view upstream)> forget;
};

// The name in such an address; none in any other.
std::optional<std::string> upstream_of_targets(std::string_view path);

}  // namespace sluice::admin
