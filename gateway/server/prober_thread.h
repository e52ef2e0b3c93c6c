// SPDX-License-Identifier: Apache-2.0
// ProberThread: the prober on a loop and a thread of its own, which does not run before there is something to
// check. Owned by Gateway; control thread.
#pragma once
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "gateway/net/loop.h"
#include "gateway/upstream/prober.h"

namespace sluice::server {

class ProberThread {
 public:
  explicit ProberThread(const base::Clock& clock) : loop_(clock) {}
  ProberThread(const ProberThread&) = delete;
  ProberThread& operator=(const ProberThread&) = delete;
  ~ProberThread() { stop(); }

  // See Prober::watch(); carried out soon.
  void watch(std::vector<upstream::Watched> targets);
  // Waits for the thread's end. What other threads do for its checks must end before the loop, which goes
  // with this object.
  void stop();

 private:
  void run();

  net::Loop loop_;
  std::optional<upstream::Prober> prober_;  // its thread's
  std::thread thread_;
};

}  // namespace sluice::server
