// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/body_holders.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/amounts.h"

namespace sluice::server {
namespace {

using chain::Holding;
using config::path;

std::string told(const Holding& h) {
  return fmt::format("holds {} bodies of at most {}, {}",
                     h.whose == Holding::Whose::request ? "request" : "response",
                     config::to_text(config::Size{h.at_most}), h.purpose);
}

class Lister {
 public:
  explicit Lister(const InForce& in_force) : f_(in_force) {}

  std::vector<std::string> list() {
    const auto& snapshot = f_.snapshot;
    for (const auto& own : snapshot.of_listeners)
      if (const auto* written = f_.config.listeners.find(own.listener); written && !own.routes.empty())
        add(written->use, path("listeners", own.listener), own.routes.front()->chain, 0);
    if (!snapshot.routes.empty()) add(f_.config.use, "", snapshot.routes.front()->chain, 0);
    for (std::size_t i = 0; i < snapshot.routes.size(); ++i) {
      const RouteConfig& route = f_.config.routes[i];
      const auto& chain = snapshot.routes[i]->chain;
      add(route.use, path("routes", i), chain, f_.config.use.size());
      auto at = path("routes", i, route.handler.name());
      for (const auto& h : chain.handler().holds()) add(at, at, fmt::format("`{}`", route.handler.name()), h);
    }
    return std::move(lines_);
  }

 private:
  // The list `use` below `at`, whose filters begin in the chain at `first`.
  void add(const std::vector<UseConfig>& uses, const std::string& at, const chain::Chain& chain,
           std::size_t first) {
    for (std::size_t i = 0; i < uses.size() && first + i < chain.links().size(); ++i) {
      std::string used = (at.empty() ? "" : at + ".") + path("use", i);
      add(uses[i], used, *chain.links()[first + i].filter);
    }
  }

  void add(const UseConfig& use, const std::string& used, const chain::Filter& filter) {
    const auto* policy = use.policy.empty() ? nullptr : f_.config.policies.find(use.policy);
    std::string name = policy ? fmt::format("`{}` ({})", use.policy, policy->filter.name())
                              : fmt::format("`{}`", use.filter.name());
    auto settings = policy ? path("policies", use.policy) : used;
    for (const auto& h : filter.holds()) add(settings, used, name, h);
    for (const auto& inner : filter.inner())
      if (inner) add(use, used, *inner);
  }

  void add(const std::string& settings, const std::string& used, std::string_view name, const Holding& h) {
    auto line = fmt::format("{}: {}: {} {}", f_.document.sources().text(f_.document.place(settings)), used,
                            name, told(h));
    if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(std::move(line));
  }

  const InForce& f_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> body_holders(const InForce& in_force) { return Lister(in_force).list(); }

}  // namespace sluice::server
