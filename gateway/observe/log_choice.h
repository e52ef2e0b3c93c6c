// SPDX-License-Identifier: Apache-2.0
// LogChoice: which exchanges have a line in the access log: those that `when` is true of, and of the others a
// random share. One worker's thread.
#pragma once
#include <cstdint>
#include <optional>

#include "gateway/observe/access_log_config.h"

namespace sluice::observe {

class LogChoice {
 public:
  // `seed` differs between workers, so that they do not draw alike.
  LogChoice(const AccessLogConfig& config, std::uint64_t seed);

  // No allocation, unless the condition joins texts.
  bool wants(const AccessRecord& record) noexcept { return !when_ || holds(record); }

 private:
  bool holds(const AccessRecord& record) noexcept;

  std::optional<LogCondition> when_;  // none: all of them
  std::uint64_t below_ = 0;           // a draw of 32 bits that is below is a line
  std::uint64_t state_;
};

}  // namespace sluice::observe
