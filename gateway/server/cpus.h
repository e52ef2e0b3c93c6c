// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may keep busy: for the default number of workers.
#pragma once
#include <string>

namespace sluice::server {

// The CPUs of its affinity mask, less if a quota allows less; rounded up, at least 1. Of the quotas (cpu.max
// of cgroup v2, cpu.cfs_quota_us of v1) of the process's control group and of those above it the least
// counts.
unsigned usable_cpus(const std::string& proc = "/proc", const std::string& cgroups = "/sys/fs/cgroup");
// The same of a process whose mask has `affine` CPUs.
unsigned usable_cpus(unsigned affine, const std::string& proc, const std::string& cgroups);

}  // namespace sluice::server
