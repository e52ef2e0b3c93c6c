// SPDX-License-Identifier: Apache-2.0
// Arithmetic of conditions. Whole numbers stay whole and exact, as in CEL: what does not fit into 64 bits has
// no value, nor has a division by zero, `%` of others than whole numbers, or what is no number at all. Where
// one is a real, both are; a result that is not finite has no value either.
#pragma once
#include "gateway/expression/program.h"

namespace sluice::expression {

// add, subtract, multiply, divide or remainder.
Value calculate(Op op, const Value& a, const Value& b) noexcept;
Value negative(const Value& v) noexcept;

}  // namespace sluice::expression
