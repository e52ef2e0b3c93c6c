// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/looked_at.h"

namespace sluice::compose {

using expression::Value;

std::size_t JsonCollection::size() const noexcept {
  std::size_t n = 0;
  if (json::is(value_, json::Type::array)) {
    json::Items items(value_);
    for (std::string_view item; items.next(item);) ++n;
  } else {
    json::Members members(value_);
    for (json::Member m; members.next(m);) ++n;
  }
  return n;
}

bool JsonCollection::contains(const Value& value) const noexcept {
  if (json::is(value_, json::Type::array)) {
    json::Items items(value_);
    for (std::string_view item; items.next(item);)
      if (equal(as_value(item, *arena_), value)) return true;
    return false;
  }
  return value.kind == Value::Kind::text && json::member(value_, value.text).has_value();
}

Value as_value(std::string_view json, base::Arena& arena) {
  switch (json::type_of(json)) {
    case json::Type::null:
      return Value::null();
    case json::Type::boolean:
      return Value::of(json == "true");
    case json::Type::number:
      return Value::number(json);
    case json::Type::string:
      return Value::of(json::plain(json, arena));
    case json::Type::array:
    case json::Type::object:
      break;
  }
  return Value::of(*arena.make<JsonCollection>(json, arena));
}

Value LookedAt::value(std::uint32_t slot) const {
  const Reference& reference = call_.looked_at[slot];
  auto whole = values_.value(reference.call);
  auto found = whole ? json::find(*whole, reference.path.steps()) : std::nullopt;
  return found ? as_value(*found, arena_) : Value();
}

}  // namespace sluice::compose
