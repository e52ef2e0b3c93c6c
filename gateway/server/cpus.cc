// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>

#include "gateway/server/cgroup.h"

namespace sluice::server {
namespace {

// Quota over period of one group; nothing: it has none.
std::optional<double> quota(const std::string& folder, bool v1) {
  double micros = -1, period = 0;
  if (v1) {
    std::ifstream(folder + "/cpu.cfs_quota_us") >> micros;  // -1: none
    std::ifstream(folder + "/cpu.cfs_period_us") >> period;
  } else {
    std::string limit;
    if (std::ifstream(folder + "/cpu.max") >> limit >> period && limit != "max")
      micros = std::strtod(limit.c_str(), nullptr);
  }
  return micros > 0 && period > 0 ? std::optional(micros / period) : std::nullopt;
}

}  // namespace

unsigned usable_cpus(unsigned affine, const std::string& proc, const std::string& cgroups) {
  double least = affine;
  auto group = control_group(proc, cgroups, "cpu");
  for (const auto& folder : group.folders) least = std::min(least, quota(folder, group.v1).value_or(least));
  return std::max(static_cast<unsigned>(std::ceil(least)), 1u);
}

unsigned usable_cpus(const std::string& proc, const std::string& cgroups) {
  cpu_set_t set;
  int affine = ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return usable_cpus(static_cast<unsigned>(affine), proc, cgroups);
}

}  // namespace sluice::server
