// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/joined_value.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::http {

std::optional<std::string_view> joined_value(const Fields& fields, FieldId id, std::string_view name) {
  if (id != FieldId::other && !fields.may_have(field_set(id))) return std::nullopt;
  auto ours = [&](const Field& line) {
    return !line.dropped && line.id == id &&
           (id != FieldId::other || base::equal_ignoring_case(line.name, name));
  };
  std::string_view between = id == FieldId::cookie ? "; " : ", ";
  std::optional<std::string_view> first;
  std::size_t lines = 0, size = 0;
  for (const Field& line : fields.lines()) {
    if (!ours(line)) continue;
    if (lines++ == 0) first = line.value;
    size += line.value.size() + between.size();
  }
  if (lines < 2) return first;
  const std::size_t all = lines;
  char* begin = fields.arena().chars(size - between.size());
  char* out = begin;
  for (const Field& line : fields.lines()) {
    if (!ours(line)) continue;
    if (lines-- < all) out = std::copy(between.begin(), between.end(), out);
    out = std::copy(line.value.begin(), line.value.end(), out);
  }
  return std::string_view(begin, static_cast<std::size_t>(out - begin));
}

}  // namespace sluice::http
