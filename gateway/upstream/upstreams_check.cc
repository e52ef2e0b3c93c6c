// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstreams_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace sluice::upstream {
namespace {

using config::ByName;
using config::path;
using config::Site;

class Circles {
 public:
  Circles(const ByName<UpstreamConfig>& upstreams, const Site& at) : upstreams_(upstreams), at_(at) {}

  void look_at(const std::string& name) {
    const UpstreamConfig* upstream = upstreams_.find(name);
    if (!upstream || !seen_.insert(name).second) return;
    way_.push_back(name);
    for (std::size_t i = 0; i < upstream->failover.size(); ++i) {
      const std::string& other = upstream->failover[i];
      auto begin = std::ranges::find(way_, other);
      if (begin == way_.end()) {
        look_at(other);
        continue;
      }
      std::string circle;
      for (auto step = begin; step != way_.end(); ++step) circle += *step + " -> ";
      at_.error(path("upstreams", name, "failover", i),
                other == name ? "is this upstream itself" : "closes a circle: " + circle + other,
                "who takes over for whom must come to an end");
    }
    way_.pop_back();
  }

 private:
  const ByName<UpstreamConfig>& upstreams_;
  const Site& at_;
  std::set<std::string> seen_;
  std::vector<std::string> way_;
};

}  // namespace

void check_upstreams(const ByName<UpstreamConfig>& upstreams, const Site& at) {
  Circles circles(upstreams, at);
  std::map<std::pair<std::string, std::string>, std::string> cookies;
  for (const auto& [name, upstream] : upstreams) {
    circles.look_at(name);
    if (!upstream.sticky) continue;
    auto [first, fresh] = cookies.emplace(std::pair(upstream.sticky->cookie, upstream.sticky->path), name);
    if (!fresh)
      at.error(path("upstreams", name, "sticky"), "the cookie has name and path of that of the upstream `" +
                                                      first->second +
                                                      "`, and each would overwrite the other");
  }
}

}  // namespace sluice::upstream
