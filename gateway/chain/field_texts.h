// SPDX-License-Identifier: Apache-2.0
// FieldTexts: header fields as an operator writes them, `X-Client: ${client.ip}`. The checks that every
// setting of that kind needs, in one place.
#pragma once
#include <string_view>

#include "gateway/chain/template.h"
#include "gateway/config/describe.h"

namespace sluice::chain {

using FieldTexts = config::ByName<Template>;

// Complains at `setting` about a name that is no field name, that a filter or handler may not touch because
// it belongs to the connection or the framing (Host, Content-Length, Connection, ...), or that is there twice
// in two spellings; and about values that no field may have.
void check_field_texts(const FieldTexts& fields, std::string_view setting, const config::Site& at);
// Why a field of that name may not be set or removed by configuration; "" if it may.
std::string refuse_field(std::string_view name);

// Tells the builder which of these request fields say who calls.
void note_identity(const FieldTexts& fields, Builder& builder);

// check_captures() for each of them.
void check_captures(const FieldTexts& fields, std::string_view setting, Builder& builder);

}  // namespace sluice::chain
