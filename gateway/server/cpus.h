// SPDX-License-Identifier: Apache-2.0
// How many CPUs this process may keep busy: for the default number of workers.
#pragma once

namespace sluice::server {

// The CPUs of its affinity mask, less if its control group's quota (cpu.max of cgroup v2, cpu.cfs_quota_us of
// v1) allows less; rounded up, at least 1.
unsigned usable_cpus();

}  // namespace sluice::server
