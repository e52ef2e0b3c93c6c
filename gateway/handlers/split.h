// SPDX-License-Identifier: Apache-2.0
// Split: the handler that forwards each request to one of several upstreams, drawn by weight: a canary beside
// what is proven. Requests of one key stay on one side if that is wanted. What an upstream cannot serve is
// not given to another: its share fails, so that a canary which is down is seen and no healthy side is
// overrun.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/chain/caller_key.h"
#include "gateway/handlers/arms.h"
#include "gateway/handlers/forward.h"
#include "gateway/observe/series.h"
#include "gateway/upstream/random.h"

namespace sluice::handlers {

// "90" or "12.5%".
struct Weight {
  std::uint64_t parts = 0;  // of a percentage in thousandths
  bool percent = false;
  bool operator==(const Weight&) const = default;
  std::string text() const;
};
void describe(config::Text<Weight>& t);

struct SplitConfig {
  config::ByName<Weight> to;
  std::vector<chain::KeyPart> sticky_by;
  bool operator==(const SplitConfig&) const = default;

  std::optional<chain::Stage> needs() const { return chain::needed_stage(sticky_by); }
  static chain::AnswerFrom answer_from() noexcept { return chain::AnswerFrom::upstream; }
};
void describe(config::Description<SplitConfig>& d);

class Split final : public chain::Handler {
 public:
  struct Arm {
    std::string upstream;
    std::string weight;  // as written
    std::unique_ptr<const Forward> forward;
    observe::SeriesRef requests;
  };

  Split(const SplitConfig& config, chain::Builder& builder);
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override;
  std::vector<chain::Holding> holds() const override;

  const std::vector<Arm>& arms() const noexcept { return arms_; }
  double share(std::size_t arm) const noexcept { return draw_.share(arm); }
  // "consumer, ip"; "" if each request is drawn by itself.
  const std::string& sticky_by() const noexcept { return sticky_text_; }

 private:
  // What is one worker's own.
  struct alignas(64) OfWorker {
    upstream::Random random = upstream::Random::seeded();
    std::vector<observe::Cell*> cells;  // by arm; null until the first request
  };
  std::uint64_t number(chain::Exchange& ex) const;

  std::vector<Arm> arms_;
  Arms draw_;
  std::optional<chain::CallerKey> sticky_;
  std::string sticky_text_;
  mutable std::vector<OfWorker> workers_;
};

}  // namespace sluice::handlers
