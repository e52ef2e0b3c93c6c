// SPDX-License-Identifier: Apache-2.0
// Condition: an expression (gateway/expression) about an exchange: `header["x-tier"] == "gold"`, `"admin" in
// consumer.groups`. What a Template may name it may name too, with `query.x` and `query["x"]` for
// `${query.x}`; `consumer.groups` and `consumer.scopes` are lists, `request.time` is the present time. A
// setting of this type is written as a text. A handler that knows more than the exchange adds it with More.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "gateway/config/types.h"
#include "gateway/expression/expression.h"
#include "gateway/http/fields.h"

namespace sluice::chain {

struct Exchange;
struct Variable;

class Condition {
 public:
  // Names and values that a handler adds; its names go before those of the exchange.
  class More : public expression::Names {
   public:
    // Is this the first step of a name of its own? Only then is find() asked.
    virtual bool knows(std::string_view root) const = 0;
    virtual std::vector<std::string> roots() const = 0;
  };

  Condition() = default;
  static std::variant<Condition, expression::Fault> compile(std::string_view text, More* more = nullptr);

  // `more`: values for the slots that More gave out.
  bool holds(Exchange& ex, const expression::Values* more = nullptr) const;
  // The variables of the exchange that it looks at, without what follows a dot at their end ("header.");
  // "consumer.groups" and "consumer.scopes" for those lists, "request.time" for the time. They outlive it.
  std::vector<std::string_view> names() const;
  // Does it look at who calls?
  bool about_identity() const noexcept;
  const std::string& text() const noexcept { return expression_.text(); }
  bool operator==(const Condition& other) const { return expression_ == other.expression_; }

 private:
  friend class ConditionNames;
  friend class ConditionValues;
  // What a slot of the expression reads.
  struct Source {
    enum class Kind : std::uint8_t { variable, groups, scopes, time, more } kind = Kind::variable;
    const Variable* variable = nullptr;
    std::string argument{};
    http::FieldId id = http::FieldId::other;
    std::uint32_t slot = 0;  // of More
  };

  expression::Expression expression_;
  std::vector<Source> sources_;
};

void describe(config::Text<Condition>& text);

}  // namespace sluice::chain
