// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>

namespace sluice::server {
namespace {

// Quota over period; 0 when there is no quota.
double quota() {
  std::string limit;
  double period = 0;
  if (std::ifstream v2("/sys/fs/cgroup/cpu.max"); v2 >> limit >> period)
    return limit == "max" || period <= 0 ? 0 : std::strtod(limit.c_str(), nullptr) / period;
  double micros = -1;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> micros;
  std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  return micros > 0 && period > 0 ? micros / period : 0;
}

}  // namespace

unsigned usable_cpus() {
  cpu_set_t set;
  unsigned n = ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
  if (double q = quota(); q > 0) n = std::min(n, static_cast<unsigned>(std::ceil(q)));
  return std::max(n, 1u);
}

}  // namespace sluice::server
