// SPDX-License-Identifier: Apache-2.0
// LogCondition: an expression (gateway/expression) about an exchange that has ended, in the names of the
// access log's fields: `status >= 500 || duration_ms > 1000`. `attempts` is the list of the targets that were
// tried, however many (a line lists them only if there was more than one), `partial` that of the calls that
// failed.
#pragma once
#include <string>
#include <string_view>
#include <variant>

#include "gateway/config/types.h"
#include "gateway/expression/expression.h"

namespace sluice::observe {

struct AccessRecord;

class LogCondition {
 public:
  LogCondition() = default;
  static std::variant<LogCondition, expression::Fault> compile(std::string_view text);

  // Any thread. Allocates nothing, unless the condition joins texts.
  bool holds(const AccessRecord& record) const;
  const std::string& text() const noexcept { return expression_.text(); }
  bool operator==(const LogCondition& other) const { return expression_ == other.expression_; }

 private:
  expression::Expression expression_;
};

void describe(config::Text<LogCondition>& text);

}  // namespace sluice::observe
