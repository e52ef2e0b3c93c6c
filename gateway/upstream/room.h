// SPDX-License-Identifier: Apache-2.0
// Room for one more connection to a target, where the target or its upstream may have no more: one that nobody
// uses is closed for it, on whichever worker. Used by pools, and by tunnels, which have connections of their
// own; on the worker's thread.
#pragma once
#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

// Counts one more, until Target::closed(), if there may be or an unused one of this worker can go for it.
bool try_open(Target& target, unsigned worker, const PoolSettings& settings) noexcept;

// The same, by unused ones of other workers: each is asked for one as long as it has any, and others may take
// the room that it makes. upstream_limit where there is none; why the scope was cancelled. `loop` is the
// worker's; all must outlive the task.
base::Task<base::Result<void>> open_after_others(Target& target, unsigned worker, net::Loop& loop,
                                                 const PoolSettings& settings, base::Duration patience);

}  // namespace sluice::upstream
