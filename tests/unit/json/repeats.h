// SPDX-License-Identifier: Apache-2.0
// Has an object in a value of JSON two members of one name?
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "gateway/json/text.h"

namespace sluice::json {

inline bool repeats_a_name(std::string_view value) {
  if (is(value, Type::array)) {
    Items items(value);
    for (std::string_view item; items.next(item);)
      if (repeats_a_name(item)) return true;
  }
  if (!is(value, Type::object)) return false;
  base::Arena arena;
  std::set<std::string> names;
  Members members(value);
  for (Member m; members.next(m);)
    if (!names.emplace(unescaped(m.key, arena)).second || repeats_a_name(m.value)) return true;
  return false;
}

}  // namespace sluice::json
