// SPDX-License-Identifier: Apache-2.0
// Shadow: who makes the calls of a composition that nobody waits for. They are sent on their own account, in
// the background of the worker, and outlive the exchange. Shared by all exchanges; outlives the plan by being
// held by each request.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>

#include "gateway/chain/mirroring.h"
#include "gateway/compose/metrics.h"

namespace sluice::compose {

class Shadow final : public chain::MirrorOwner {
 public:
  static constexpr std::uint32_t kMost = 100;  // under way at a time, all workers together

  Shadow(std::shared_ptr<const chain::Handler> forwarder, std::shared_ptr<CallMetrics> metrics) noexcept
      : forwarder_(std::move(forwarder)), metrics_(std::move(metrics)) {}

  // May one more be made? Each that was true has its ended(). `frugal`: memory is short.
  bool enter(unsigned worker, bool frugal) const noexcept;

  const chain::Handler& forwarder() const noexcept override { return *forwarder_; }
  void ended(unsigned worker, chain::Mirrored how) const noexcept override;

 private:
  std::shared_ptr<const chain::Handler> forwarder_;
  std::shared_ptr<CallMetrics> metrics_;
  mutable std::atomic<std::uint32_t> under_way_{0};
};

}  // namespace sluice::compose
