// SPDX-License-Identifier: Apache-2.0
// Prober: checks targets, each in its own rhythm, and tells them what it finds. One per process, so that a
// target is asked once whatever the number of workers; they see a target's usable() change. It runs on a loop
// that is no worker's (server/prober_thread.h): a worker that is busy would take its own delay for that of
// the targets. That loop's thread only.
#pragma once
#include <map>
#include <memory>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/net/loop.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/probe.h"
#include "gateway/upstream/random.h"

namespace sluice::upstream {

// A target to be checked, and how.
struct Watched {
  std::shared_ptr<Target> target;
  std::shared_ptr<const ProbeSettings> settings;
  std::shared_ptr<observe::UpstreamMetrics> metrics;
};

class Prober {
 public:
  explicit Prober(net::Loop& loop, Random random = Random::seeded()) : loop_(loop), random_(random) {}
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  // Checks these from now on, and no others: what is new, or has other settings than before, at once; the
  // rest goes on in its rhythm.
  void watch(std::vector<Watched> targets);
  std::size_t watched() const noexcept { return rounds_.size(); }

 private:
  // The checks of one target. The job goes first: it uses the rest.
  struct Round {
    explicit Round(Watched w) : watched(std::move(w)) {}
    Watched watched;
    base::Job<void> job{nullptr};
  };

  base::Task<void> run(const Watched& watched);
  // True if the target has passed, and has to pass again before it is healthy.
  bool take(const Watched& watched, const Finding& finding);
  base::Duration pause(base::Duration interval);

  net::Loop& loop_;
  Random random_;
  std::map<const Target*, std::unique_ptr<Round>> rounds_;
};

}  // namespace sluice::upstream
