// SPDX-License-Identifier: Apache-2.0
// The handler `hold_worker`, which keeps its worker from everything else until the test lets go: what happens
// meanwhile the worker hears of at once, in the order in which it happened. One at a time.
//
//   routes: [{name: hold, match: {path: /hold}, hold_worker: {}}, ...]
//
//   holder.send(get("/hold"));
//   HoldWorker::held.acquire();
//   ...
//   HoldWorker::let_go.release();
#pragma once
#include <semaphore>

#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"

namespace sluice::test {

struct HoldWorkerConfig {
  bool on = true;
  bool operator==(const HoldWorkerConfig&) const = default;
};
inline void describe(config::Description<HoldWorkerConfig>& d) {
  d.about("hold_worker", "Keeps a worker busy.");
  d.field("on", &HoldWorkerConfig::on, "Whether.");
}

struct HoldWorker final : chain::Handler {
  HoldWorker(const HoldWorkerConfig& /*config*/, chain::Builder& /*builder*/) {}
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override {
    held.release();
    let_go.acquire();
    ex.response.status = 204;
    return base::Result<void>();
  }
  static inline std::binary_semaphore held{0}, let_go{0};
};

inline const chain::HandlerKind<HoldWorker, HoldWorkerConfig> kHoldWorker{"hold_worker",
                                                                          "Keeps a worker busy.", "{}"};

}  // namespace sluice::test
