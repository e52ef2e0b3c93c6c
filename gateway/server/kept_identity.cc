// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/kept_identity.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::server {

void KeptIdentity::begin_chain(std::string_view route) {
  chains_.push_back({std::string(route), {}, {}});
  in_chain_ = true;
}

void KeptIdentity::tells(std::string_view name, const std::string& at, bool replaces) {
  bool known = std::ranges::any_of(
      told_, [&](const auto& told) { return base::equal_ignoring_case(told.first, name); });
  if (!known) told_.emplace_back(name, at);
  if (in_chain_ && replaces) chains_.back().replaced.emplace_back(name);
}

void KeptIdentity::end_chain(const std::vector<chain::Link>& links) {
  for (const chain::Link& link : links)
    if (auto removal = std::dynamic_pointer_cast<const chain::FieldRemoval>(link.filter))
      chains_.back().removals.push_back(std::move(removal));
  in_chain_ = false;
}

bool KeptIdentity::OneChain::leaves(std::string_view name) const {
  return std::ranges::none_of(replaced,
                              [&](const auto& own) { return base::equal_ignoring_case(own, name); }) &&
         std::ranges::none_of(removals, [&](const auto& removal) { return removal->removes(name); });
}

std::string KeptIdentity::leaving(std::string_view name) const {
  std::vector<std::string_view> routes;
  for (const OneChain& chain : chains_)
    if (chain.leaves(name) && (routes.empty() || routes.back() != chain.route)) routes.push_back(chain.route);
  if (routes.empty()) return {};
  if (routes.size() == 1) return fmt::format("the route `{}` leaves", routes.front());
  if (routes.size() == 2) return fmt::format("the routes `{}` and `{}` leave", routes[0], routes[1]);
  return fmt::format("the routes `{}`, `{}` and {} more leave", routes[0], routes[1], routes.size() - 2);
}

void KeptIdentity::warn(const chain::IdentityFields& fields, const config::Report& report) const {
  for (const auto& [name, at] : told_) {
    if (!fields.keeps(name)) continue;
    auto routes = leaving(name);
    if (routes.empty()) continue;
    report.warning(at,
                   fmt::format("`{}` tells upstreams who calls, and yet is not taken from what clients "
                               "send, as it may bring their credentials",
                               name),
                   fmt::format("{} it to upstreams as clients write it: remove it there, after what reads "
                               "credentials, by `headers: {{request: {{remove: {}}}}}`",
                               routes, name));
  }
}

}  // namespace sluice::server
