// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/arithmetic.h"

#include <cmath>
#include <limits>

namespace sluice::expression {
namespace {

Value whole(Op op, std::int64_t a, std::int64_t b) noexcept {
  std::int64_t out = 0;
  switch (op) {
    case Op::add:
      return __builtin_add_overflow(a, b, &out) ? Value() : Value::of(out);
    case Op::subtract:
      return __builtin_sub_overflow(a, b, &out) ? Value() : Value::of(out);
    case Op::multiply:
      return __builtin_mul_overflow(a, b, &out) ? Value() : Value::of(out);
    default:
      break;
  }
  // Towards zero, as in CEL; the one quotient that does not fit is that of the least number by -1.
  if (b == 0 || (b == -1 && a == std::numeric_limits<std::int64_t>::min())) return {};
  return Value::of(op == Op::divide ? a / b : a % b);
}

Value finite(double d) noexcept { return std::isfinite(d) ? Value::of(d) : Value(); }

Value real(Op op, double a, double b) noexcept {
  switch (op) {
    case Op::add:
      return finite(a + b);
    case Op::subtract:
      return finite(a - b);
    case Op::multiply:
      return finite(a * b);
    case Op::divide:
      return b == 0 ? Value() : finite(a / b);
    default:
      return {};  // a remainder is one of whole numbers
  }
}

double as_real(const Value& v) noexcept {
  return v.kind == Value::Kind::integer ? static_cast<double>(v.integer) : v.real;
}

}  // namespace

Value calculate(Op op, const Value& a, const Value& b) noexcept {
  if (!a.is_number() || !b.is_number()) return {};
  if (a.kind == Value::Kind::integer && b.kind == Value::Kind::integer)
    return whole(op, a.integer, b.integer);
  return real(op, as_real(a), as_real(b));
}

Value negative(const Value& v) noexcept {
  if (v.kind == Value::Kind::integer) return whole(Op::subtract, 0, v.integer);
  return v.kind == Value::Kind::real ? Value::of(-v.real) : Value();
}

}  // namespace sluice::expression
