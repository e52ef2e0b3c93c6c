// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/prober_thread.h"

#include <pthread.h>

#include <utility>

#include "gateway/base/arena_pool.h"
#include "gateway/base/frame_pool.h"

namespace sluice::server {

void ProberThread::watch(std::vector<upstream::Watched> targets) {
  if (!thread_.joinable()) {
    if (targets.empty()) return;
    thread_ = std::thread([this] { run(); });
  }
  loop_.post([this, targets = std::move(targets)] { prober_->watch(targets); });
}

void ProberThread::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

void ProberThread::run() {
  ::pthread_setname_np(::pthread_self(), "prober");
  prober_.emplace(loop_);
  loop_.run();
  prober_.reset();
  base::run_ready();
  base::ArenaLease::trim(0);
  base::FramePool::release();
}

}  // namespace sluice::server
