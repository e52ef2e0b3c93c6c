// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/identity_fields.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::chain {

void IdentityFields::settle() {
  auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& n) { return base::equal_ignoring_case(n, name); });
  };
  for (const std::string& name : told_) {
    http::FieldId id = http::field_id(name);
    // These two hold credentials by their nature.
    bool by_nature = id == http::FieldId::authorization || id == http::FieldId::cookie;
    if (by_nature || has(read_, name) || has(others_, name)) continue;
    if (id != http::FieldId::other) known_ |= http::field_set(id);
    if (id == http::FieldId::other) others_.push_back(name);
  }
}

}  // namespace sluice::chain
