// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/expression.h"

#include <algorithm>
#include <forward_list>
#include <string>

#include "gateway/base/utf8.h"
#include "gateway/expression/arithmetic.h"
#include "gateway/expression/moment.h"
#include "gateway/expression/program.h"

namespace sluice::expression {

namespace {

constexpr std::size_t kLongestText = 64 * 1024;  // that `+` makes

bool is_utf8(std::string_view text) noexcept {
  while (std::size_t length = base::utf8_sequence(text)) text.remove_prefix(length);
  return text.empty();
}

// Each byte that is no part of a character as the character of its number. Otherwise a client could send one
// such byte so that no `.` fits.
std::string in_characters(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t length = base::utf8_sequence(text);
    if (length > 0) {
      out += text.substr(0, length);
    } else {
      auto byte = static_cast<unsigned char>(text.front());
      out += static_cast<char>(0xC0 | (byte >> 6));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

}  // namespace

std::string joined(std::span<const Part> path) {
  std::string out;
  for (const Part& part : path) {
    if (part.index) return {};
    out += (out.empty() ? "" : ".") + part.name;
  }
  return out;
}

// One run of a program. Depth is bounded by the compiler.
struct Evaluation {
  const Expression::Program& program;
  const Values& values;
  mutable std::forward_list<std::string> made{};  // texts that were joined

  Value of(std::uint32_t index) const {
    const Node& n = program.nodes[index];
    switch (n.op) {
      case Op::literal:
      case Op::list:
        return n.literal;
      case Op::variable:
        return values.value(n.slot);
      case Op::not_:
        return negated(of(n.left));
      case Op::and_:
        return both(n, false);
      case Op::or_:
        return both(n, true);
      case Op::has:
        return has(program.nodes[n.left]);
      case Op::size:
        return size(of(n.left));
      case Op::equal:
      case Op::not_equal:
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal:
        return compare(n.op, of(n.left), of(n.right));
      case Op::negate:
        return negative(of(n.left));
      case Op::add:
        return added(of(n.left), of(n.right));
      case Op::subtract:
      case Op::multiply:
      case Op::divide:
      case Op::remainder:
        return calculate(n.op, of(n.left), of(n.right));
      case Op::in:
        return contained(of(n.left), of(n.right));
      case Op::timestamp:
        return time(of(n.left));
      case Op::moment_part:
        return part_of(of(n.left), static_cast<MomentPart>(n.slot), program.zones[n.right]);
      case Op::matches:
        return matches(of(n.left), program.regexes[n.right]);
      case Op::starts_with:
      case Op::ends_with:
      case Op::contains:
        return test(n.op, of(n.left), of(n.right));
    }
    return {};
  }

 private:
  // What is known to be a text is always one: without a value it is empty.
  Value has(const Node& variable) const {
    Value v = values.value(variable.slot);
    return Value::of(v.kind != Value::Kind::absent && !(variable.type == Type::text && v.text.empty()));
  }
  static Value negated(const Value& v) noexcept {
    return v.kind == Value::Kind::boolean ? Value::of(!v.boolean) : Value();
  }
  // `decides` is the value that settles it: false for &&, true for ||.
  Value both(const Node& n, bool decides) const {
    Value left = of(n.left);
    if (left.kind == Value::Kind::boolean && left.boolean == decides) return left;
    Value right = of(n.right);
    if (right.kind != Value::Kind::boolean) return {};
    if (right.boolean == decides) return right;
    return left.kind == Value::Kind::boolean ? right : Value();
  }
  static Value size(const Value& v) noexcept {
    if (v.kind == Value::Kind::collection) return Value::of(static_cast<std::int64_t>(v.collection->size()));
    if (v.kind != Value::Kind::text) return {};
    std::int64_t characters = 0;
    for (char c : v.text) characters += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    return Value::of(characters);
  }
  static Value compare(Op op, const Value& a, const Value& b) noexcept {
    if (a.kind == Value::Kind::absent || b.kind == Value::Kind::absent) return {};
    if (op == Op::equal) return Value::of(equal(a, b));
    if (op == Op::not_equal) return Value::of(!equal(a, b));
    int o = order(a, b);
    if (o == 2) return {};
    return Value::of(op == Op::less         ? o < 0
                     : op == Op::less_equal ? o <= 0
                     : op == Op::greater    ? o > 0
                                            : o >= 0);
  }
  Value added(const Value& a, const Value& b) const {
    if (a.kind != Value::Kind::text || b.kind != Value::Kind::text) return calculate(Op::add, a, b);
    if (a.text.size() + b.text.size() > kLongestText) return {};
    std::string& text = made.emplace_front(a.text);
    return Value::of(std::string_view(text.append(b.text)));
  }
  static Value time(const Value& v) noexcept {
    return v.kind == Value::Kind::text ? time_of(v.text) : Value();
  }
  static Value contained(const Value& a, const Value& in) noexcept {
    if (a.kind == Value::Kind::absent || in.kind != Value::Kind::collection) return {};
    return Value::of(in.collection->contains(a));
  }
  static Value matches(const Value& v, const re2::RE2& regex) {
    if (v.kind != Value::Kind::text) return {};
    if (!is_utf8(v.text)) return Value::of(re2::RE2::PartialMatch(in_characters(v.text), regex));
    return Value::of(re2::RE2::PartialMatch(re2::StringPiece(v.text.data(), v.text.size()), regex));
  }
  static Value test(Op op, const Value& a, const Value& b) noexcept {
    if (a.kind != Value::Kind::text || b.kind != Value::Kind::text) return {};
    return Value::of(op == Op::starts_with ? a.text.starts_with(b.text)
                     : op == Op::ends_with ? a.text.ends_with(b.text)
                                           : a.text.find(b.text) != std::string_view::npos);
  }
};

bool Expression::holds(const Values& values) const {
  if (!program_ || program_->nodes.empty()) return false;
  Value v = Evaluation{*program_, values}.of(static_cast<std::uint32_t>(program_->nodes.size() - 1));
  return v.kind == Value::Kind::boolean && v.boolean;
}

}  // namespace sluice::expression
