// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_choice.h"

namespace sluice::observe {
namespace {

constexpr double kAll = 4294967296.0;  // draws that there are

}  // namespace

LogChoice::LogChoice(const AccessLogConfig& config, std::uint64_t seed)
    : when_(config.when), state_(0x9e3779b97f4a7c15U * (seed + 1)) {
  if (!config.sample) return;
  // Of what share, if not of what goes well and quickly?
  if (!when_) when_ = std::get<LogCondition>(LogCondition::compile(kNotable));
  below_ = static_cast<std::uint64_t>(config.sample->ratio() * kAll);
}

bool LogChoice::holds(const AccessRecord& record) noexcept {
  if (when_->holds(record)) return true;
  if (below_ == 0) return false;
  state_ =
      state_ * 6364136223846793005U + 1442695040888963407U;  // Knuth's; the high bits are the random ones
  return state_ >> 32 < below_;
}

}  // namespace sluice::observe
