// SPDX-License-Identifier: Apache-2.0
// Accept: which media type a client would rather have (RFC 9110 section 12.5.1). No state, no allocation.
#pragma once
#include <string_view>

#include "gateway/http/fields.h"

namespace sluice::http {

// How much a client wants a type.
struct Wanted {
  int quality = 0;     // in thousandths; 0: not at all
  bool named = false;  // by its name or by `text/*`, not only by `*/*`
};

// Of `type`, such as "text/html", by all lines of Accept together: the most specific range decides.
// Parameters of ranges but `q` are not looked at. Without Accept everything is wanted, and nothing named.
Wanted wanted(const Fields& request, std::string_view type) noexcept;

}  // namespace sluice::http
