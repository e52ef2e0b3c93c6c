// SPDX-License-Identifier: Apache-2.0
// Conditions: any text compiles or is refused at a place inside it, and what compiles can be evaluated.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/assert.h"
#include "gateway/expression/expression.h"

namespace sluice::expression {
namespace {

// A value of a type for each first letter; some have none.
struct Facts final : Names, Values {
  std::variant<Symbol, Fault> find(std::span<const Part> path) override {
    if (path[0].name == "none") return Fault{0, "unknown", ""};
    auto type = static_cast<Type>(path[0].name.front() % 6);
    types.push_back(type);
    return Symbol{type, static_cast<std::uint32_t>(types.size() - 1)};
  }
  Value value(std::uint32_t slot) const override {
    switch (types[slot]) {
      case Type::boolean:
        return Value::of(slot % 2 == 0);
      case Type::number:
        return Value::of(static_cast<std::int64_t>(slot));
      case Type::text:
        return Value::of(std::string_view("gold"));
      case Type::null:
        return Value::null();
      default:
        return slot % 2 == 0 ? Value() : Value::of(std::string_view("any"));
    }
  }
  std::vector<Type> types;
};

}  // namespace
}  // namespace sluice::expression

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::expression;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Facts facts;
  auto made = Expression::compile(text, facts);
  if (auto* fault = std::get_if<Fault>(&made)) {
    SLUICE_ASSERT(fault->offset <= text.size() && !fault->message.empty());
    return 0;
  }
  std::get<Expression>(made).holds(facts);
  return 0;
}
