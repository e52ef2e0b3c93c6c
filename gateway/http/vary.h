// SPDX-License-Identifier: Apache-2.0
// Vary: which request fields a response was chosen by, for caches on its way (RFC 9110 section 12.5.5).
#pragma once
#include <string_view>

#include "gateway/http/fields.h"

namespace sluice::http {

// Adds `name` to the response's Vary, unless it is listed there or everything is. `name` must outlive the
// fields.
void add_vary(Fields& fields, std::string_view name);

}  // namespace sluice::http
