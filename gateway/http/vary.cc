// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/vary.h"

#include "gateway/base/strings.h"

namespace sluice::http {

void add_vary(Fields& fields, std::string_view name) {
  Field* first = nullptr;
  for (Field& line : fields.lines()) {
    if (line.dropped || line.id != FieldId::vary) continue;
    if (base::has_token(line.value, name) || base::has_token(line.value, "*")) return;
    if (!first) first = &line;
  }
  if (!first) return fields.add(FieldId::vary, name);
  // One line, as caches have been seen to read the first alone.
  first->value = first->value.empty() ? name : fields.arena().join(first->value, ", ", name);
  first->received = false;
}

}  // namespace sluice::http
