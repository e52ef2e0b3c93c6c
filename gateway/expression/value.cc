// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/value.h"

#include <algorithm>
#include <charconv>

namespace sluice::expression {

bool Texts::contains(const Value& value) const noexcept {
  return value.kind == Value::Kind::text && std::find(all_.begin(), all_.end(), value.text) != all_.end();
}

std::string_view name(Type type) noexcept {
  constexpr std::string_view kNames[] = {"any value", "null",   "true or false", "a number",
                                         "a text",    "a list", "a time"};
  return kNames[static_cast<std::size_t>(type)];
}

Value Value::number(std::string_view digits) noexcept {
  const char* end = digits.data() + digits.size();
  std::int64_t whole = 0;
  auto read = std::from_chars(digits.data(), end, whole);
  if (read.ec == std::errc() && read.ptr == end) return of(whole);
  double real = 0;
  auto as_real = std::from_chars(digits.data(), end, real);
  if (as_real.ptr != end || digits.empty()) return {};
  return of(real);
}

namespace {

double real_of(const Value& v) noexcept {
  return v.kind == Value::Kind::integer ? static_cast<double>(v.integer) : v.real;
}

template <class T>
int order_of(const T& a, const T& b) noexcept {
  if (a < b) return -1;
  if (b < a) return 1;
  return a == b ? 0 : 2;  // not a number
}

}  // namespace

bool equal(const Value& a, const Value& b) noexcept {
  if (a.kind == Value::Kind::null) return b.kind == Value::Kind::null;
  if (a.kind == Value::Kind::boolean) return b.kind == Value::Kind::boolean && a.boolean == b.boolean;
  return order(a, b) == 0;
}

int order(const Value& a, const Value& b) noexcept {
  if (a.kind == Value::Kind::integer && b.kind == Value::Kind::integer) return order_of(a.integer, b.integer);
  if (a.kind == Value::Kind::time && b.kind == Value::Kind::time) return order_of(a.integer, b.integer);
  if (a.is_number() && b.is_number()) return order_of(real_of(a), real_of(b));
  if (a.kind == Value::Kind::text && b.kind == Value::Kind::text) return order_of(a.text, b.text);
  return 2;
}

}  // namespace sluice::expression
