// SPDX-License-Identifier: Apache-2.0
// How the types of the http layer, which is below this one, are written in a configuration. Include it beside
// describe.h where such a type is a setting.
#pragma once
#include <string_view>

#include "gateway/config/report.h"
#include "gateway/config/types.h"
#include "gateway/http/set_cookie.h"

namespace sluice::config {

void describe(Enumeration<http::SameSite>& e);

// Complains about what browsers would refuse: of the name, which stands in the field `field`, and of
// `same_site`. `choices`: the settings that a name with the prefix __Host- leaves none for, "`path`".
void check_cookie(const Site& at, std::string_view field, std::string_view name,
                  const http::CookieAttributes& attributes, std::string_view choices);

}  // namespace sluice::config
