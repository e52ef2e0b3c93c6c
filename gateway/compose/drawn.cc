// SPDX-License-Identifier: Apache-2.0
// What `sluice explain` and `sluice check` show of a plan: its picture, and the bodies that it keeps.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/compose/plan.h"
#include "gateway/config/amounts.h"

namespace sluice::compose {

std::string Plan::drawn() const {
  bool limited = timeout > base::Duration::zero();
  std::string out = limited ? fmt::format("compose, {} for all calls", config::to_text(timeout))
                            : "compose, no limit of time";
  out += stream ? ", in lines\n" : "\n";
  std::vector<std::size_t> depth(calls.size());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < calls.size(); ++i)
      for (std::uint32_t n : calls[i].needs)
        if (depth[i] <= depth[n] && depth[i] <= calls.size()) {
          depth[i] = depth[n] + 1;
          moved = true;
        }
  }
  std::size_t deepest = *std::max_element(depth.begin(), depth.end());
  for (std::size_t level = 0; level <= deepest; ++level)
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (depth[i] != level) continue;
      const CallPlan& p = calls[i];
      out += fmt::format("{:>{}}{} {}{}{}", "", 2 + 2 * level, p.name, p.inner ? "" : http::name(p.method),
                         p.inner ? "" : " ", p.upstream);
      bool shorter = p.inherited > base::Duration::zero() && (!limited || p.inherited < timeout);
      if (p.timeout) out += ", " + config::to_text(*p.timeout);
      if (!p.timeout && shorter && !p.shadow) out += ", " + config::to_text(p.inherited) + " inherited";
      std::vector<std::string_view> after;
      for (std::uint32_t n : p.needs) after.push_back(calls[n].name);
      if (!after.empty()) out += fmt::format(", after {}", fmt::join(after, " and "));
      if (p.each) out += fmt::format(", for each value, {} at a time", p.concurrency);
      if (p.batch > 1) out += fmt::format(", {} in one call", p.batch);
      if (p.when) out += ", if " + p.when->text();
      if (p.required) out += ", required";
      if (p.fallback) out += ", has a fallback";
      if (p.hedge && p.hedge->on)
        out += p.hedge->after ? ", once more after " + config::to_text(*p.hedge->after)
                              : ", once more when late";
      if (p.keeping) out += ", kept for " + config::to_text(p.keeping->most);
      if (p.shadow) out += ", not waited for";
      if (p.hidden && !p.shadow) out += ", hidden";
      out += "\n";
    }
  return out;
}

std::vector<chain::Holding> Plan::holds() const {
  using Whose = chain::Holding::Whose;
  std::vector<chain::Holding> out;
  if (wants_body) out.push_back({Whose::request, kMostRequestBody, "to send them with calls"});
  for (const CallPlan& p : calls) {
    if (p.inner) {
      std::ranges::move(p.inner->holds(), std::back_inserter(out));
    } else if (!p.shadow) {
      out.push_back({Whose::response, p.max_body,
                     fmt::format("as {} `{}`", p.each ? "each of the answers to" : "the answer to", p.name)});
    }
  }
  return out;
}

}  // namespace sluice::compose
