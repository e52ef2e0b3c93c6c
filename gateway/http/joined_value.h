// SPDX-License-Identifier: Apache-2.0
// The lines of one field as one value (RFC 9110 section 5.3), for whatever looks at values rather than lines:
// conditions and variables.
#pragma once
#include <optional>
#include <string_view>

#include "gateway/http/fields.h"

namespace sluice::http {

// Of the field that `name` names, `id` being its number: all lines joined by ", ", those of Cookie by "; "
// (RFC 9113 section 8.2.3). Nothing if there is none. Where there are several, the text is in the arena of
// the fields.
std::optional<std::string_view> joined_value(const Fields& fields, FieldId id, std::string_view name);

}  // namespace sluice::http
