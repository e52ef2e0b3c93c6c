// SPDX-License-Identifier: Apache-2.0
// Targets for the tests of this folder: named t0, t1, ..., resolved to numbers of their own.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gateway/upstream/balancer.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

struct Targets {
  explicit Targets(std::vector<std::uint32_t> weights) {
    for (std::uint32_t i = 0; i < weights.size(); ++i) {
      all.push_back(Target::make(group, TargetUrl{"t" + std::to_string(i), 80}, loops));
      std::string ip = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
      all.back()->publish(std::vector{*net::Address::parse(ip, 80)});
      candidates.push_back({all.back().get(), weights[i], i, 0});
    }
    sum_weights(candidates);
  }
  // The candidates without some of them.
  std::vector<Candidate> without(std::vector<std::uint32_t> indices) const {
    auto left = candidates;
    std::erase_if(left, [&](const Candidate& c) {
      return std::find(indices.begin(), indices.end(), c.index) != indices.end();
    });
    sum_weights(left);
    return left;
  }

  std::shared_ptr<TargetGroup> group = std::make_shared<TargetGroup>();
  std::shared_ptr<const WorkerLoops> loops = std::make_shared<const WorkerLoops>();
  std::vector<std::shared_ptr<Target>> all;
  std::vector<Candidate> candidates;
};

}  // namespace sluice::upstream
