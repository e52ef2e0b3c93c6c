// SPDX-License-Identifier: Apache-2.0
// Program: a compiled condition, made by compile.cc and run by expression.cc. A tree in an array: operands
// stand before what uses them, and the last node is the whole.
#pragma once
#include <absl/time/time.h>

#include <deque>

#include <re2/re2.h>

#include "gateway/expression/expression.h"

namespace sluice::expression {

enum class Op : std::uint8_t {
  literal,
  variable,
  list,  // literals first .. first + count of Program::items
  not_,
  and_,
  or_,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  negate,
  add,
  subtract,
  multiply,
  divide,
  remainder,
  in,
  has,
  size,
  starts_with,
  ends_with,
  contains,
  matches,
  timestamp,   // of a text
  moment_part  // of a time
};

struct Node {
  Op op = Op::literal;
  Type type = Type::any;
  std::uint32_t left = 0, right = 0;  // nodes; right is a regex of `matches`, a zone of `moment_part`
  std::uint32_t slot = 0;             // of a variable; of `moment_part` which part
  Value literal{};
};

// The list of a condition's text.
class Literals final : public Collection {
 public:
  std::size_t size() const noexcept override { return items.size(); }
  bool contains(const Value& value) const noexcept override {
    for (const Value& item : items)
      if (equal(item, value)) return true;
    return false;
  }
  std::vector<Value> items;
};

struct Expression::Program {
  std::vector<Node> nodes;
  std::deque<std::string> texts;  // that literals refer to
  std::deque<Literals> lists;
  std::deque<re2::RE2> regexes;
  std::vector<absl::TimeZone> zones;
};

}  // namespace sluice::expression
