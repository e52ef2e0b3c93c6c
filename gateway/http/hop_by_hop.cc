// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/hop_by_hop.h"

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

constexpr FieldSet kHopByHop =
    field_set(FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
              FieldId::proxy_authenticate, FieldId::proxy_authorization, FieldId::te,
              FieldId::transfer_encoding, FieldId::upgrade, FieldId::http2_settings);

constexpr FieldSet kFraming = field_set(FieldId::content_length, FieldId::host);
constexpr FieldSet kConnectionLevel = kHopByHop | kFraming | field_set(FieldId::trailer);

// The options that name no field, or one that is removed anyway: what nearly every Connection field holds.
bool names_nothing(std::string_view option) noexcept {
  FieldId id = field_id(option);
  if (id == FieldId::other) return base::equal_ignoring_case(option, "close");
  return (field_set(id) & kHopByHop) != 0;
}

void drop_nominated(Fields& fields) noexcept {
  for (const Field& line : fields.lines()) {
    if (line.id != FieldId::connection || line.dropped) continue;
    if (names_nothing(line.value)) continue;
    std::string_view rest = line.value, option;
    while (base::next_token(rest, option)) {
      if (names_nothing(option)) continue;
      // Refused by the parser; this keeps the message whole for heads that were made otherwise.
      if ((field_set(field_id(option)) & kFraming) != 0) continue;
      fields.remove(option);
    }
  }
}

}  // namespace

void drop_hop_by_hop(Fields& fields) noexcept {
  if (!fields.may_have(kHopByHop)) return;
  if (fields.may_have(field_set(FieldId::connection))) drop_nominated(fields);
  fields.remove_all(kHopByHop);
}

bool connection_level(FieldId id) noexcept {
  return id != FieldId::other && (field_set(id) & kConnectionLevel) != 0;
}

}  // namespace sluice::http
