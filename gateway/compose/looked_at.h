// SPDX-License-Identifier: Apache-2.0
// LookedAt: what conditions of a call see of other calls: JSON as values of expressions. For one evaluation.
#pragma once
#include "gateway/compose/plan.h"

namespace sluice::compose {

// A list, or an object, of which the names count.
class JsonCollection final : public expression::Collection {
 public:
  JsonCollection(std::string_view value, base::Arena& arena) noexcept : value_(value), arena_(&arena) {}
  std::size_t size() const noexcept override;
  bool contains(const expression::Value& value) const noexcept override;

 private:
  std::string_view value_;
  base::Arena* arena_;
};

expression::Value as_value(std::string_view json, base::Arena& arena);

class LookedAt final : public expression::Values {
 public:
  LookedAt(const CallPlan& call, const CallValues& values, base::Arena& arena) noexcept
      : call_(call), values_(values), arena_(arena) {}
  expression::Value value(std::uint32_t slot) const override;

 private:
  const CallPlan& call_;
  const CallValues& values_;
  base::Arena& arena_;
};

}  // namespace sluice::compose
