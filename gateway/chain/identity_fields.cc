// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/identity_fields.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::chain {

namespace {

bool has(const std::vector<std::string>& names, std::string_view name) noexcept {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& n) { return base::equal_ignoring_case(n, name); });
}

}  // namespace

bool IdentityFields::brings_credentials(std::string_view name) noexcept {
  http::FieldId id = http::field_id(name);
  return id == http::FieldId::authorization || id == http::FieldId::cookie;
}

bool IdentityFields::keeps(std::string_view name) const noexcept {
  return brings_credentials(name) || has(read_, name);
}

void IdentityFields::settle() {
  for (const std::string& name : told_) {
    http::FieldId id = http::field_id(name);
    if (keeps(name) || has(others_, name)) continue;
    if (id != http::FieldId::other) known_ |= http::field_set(id);
    if (id == http::FieldId::other) others_.push_back(name);
  }
}

}  // namespace sluice::chain
