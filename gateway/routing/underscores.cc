// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/underscores.h"

#include <algorithm>

namespace sluice::routing {
namespace {

bool underscored(const http::Field& line) noexcept {
  return !line.dropped && line.name.find('_') != std::string_view::npos;
}

}  // namespace

void drop_underscores(http::Fields& fields) noexcept {
  if (!fields.has_lookalikes()) return;
  for (http::Field& line : fields.lines())
    if (underscored(line)) line.dropped = true;
}

bool has_underscores(const http::Fields& fields) noexcept {
  return fields.has_lookalikes() && std::ranges::any_of(fields.lines(), underscored);
}

}  // namespace sluice::routing
