// SPDX-License-Identifier: Apache-2.0
// Expression: a condition in the subset of CEL (cel.dev) that a gateway needs, compiled when the
// configuration is read and evaluated for requests without allocating, but for texts that `+` joins. Every
// setting that takes a condition uses this one.
//
//   header["x-tier"] == "gold" && !(request.method in ["PUT", "POST"])
//   has(user.address) && size(user.orders) > 0 && user.email.endsWith("@example.com")
//   request.time.getHours("Europe/Berlin") >= 9 && request.time < timestamp("2027-01-01T00:00:00Z")
//
// `== != < <= > >= && || ! in + - * / %`, has(), size(), startsWith(), endsWith(), contains(), matches() with
// an RE2 expression, numbers, texts in either quotes, true, false, null and lists of such. `+` joins texts
// too. timestamp() makes a time of a text, and times have the methods of CEL, getHours() and so on. What
// names stand for is not known here: Names resolves them at compilation, Values at evaluation. As in CEL,
// `&&` and `||` give an answer where one side alone decides it, even if the other has no value.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/expression/value.h"

namespace sluice::expression {

// `user.tags[0]` has the steps user, tags, [0]; `header["x-a"]` has header, x-a.
struct Part {
  std::string name;
  std::optional<std::size_t> index{};
};

// "user.tags"; "" if there is an index.
std::string joined(std::span<const Part> path);

// What is wrong with a text, and where in it, in bytes.
struct Fault {
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};

// What a name stands for.
struct Symbol {
  Type type = Type::any;
  std::uint32_t slot = 0;  // chosen by whoever resolved the name
};

class Names {
 public:
  virtual std::variant<Symbol, Fault> find(std::span<const Part> path) = 0;

 protected:
  ~Names() = default;
};

class Values {
 public:
  // The value now; absent if there is none.
  virtual Value value(std::uint32_t slot) const = 0;

 protected:
  ~Values() = default;
};

class Expression {
 public:
  Expression() = default;
  // A fault for what is no expression, whose types cannot fit, and that is neither true nor false.
  static std::variant<Expression, Fault> compile(std::string_view text, Names& names);

  // Is it true? What has no value is not.
  bool holds(const Values& values) const;
  const std::string& text() const noexcept { return text_; }
  bool operator==(const Expression& other) const { return text_ == other.text_; }

 private:
  struct Program;
  friend class Compiler;
  friend struct Evaluation;

  std::string text_;
  std::shared_ptr<const Program> program_;
};

}  // namespace sluice::expression
