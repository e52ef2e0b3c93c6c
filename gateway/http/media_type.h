// SPDX-License-Identifier: Apache-2.0
// Which kind of content is it? By the beginning of a Content-Type; parameters do not matter. For those who
// treat some kinds otherwise.
#pragma once
#include <string_view>

#include "gateway/base/strings.h"

namespace sluice::http {

// Server-sent events (WHATWG HTML section 9.2).
inline constexpr std::string_view kEventStream = "text/event-stream";

inline bool is_of_type(std::string_view content_type, std::string_view type) noexcept {
  return base::equal_ignoring_case(content_type.substr(0, type.size()), type);
}

// application/json, or application/problem+json and its like.
inline bool is_json(std::string_view content_type) noexcept {
  auto type = base::trim(content_type.substr(0, content_type.find(';')));
  constexpr std::string_view kJson = "application/json", kSuffix = "+json";
  return base::equal_ignoring_case(type, kJson) ||
         (type.size() > kSuffix.size() &&
          base::equal_ignoring_case(type.substr(type.size() - kSuffix.size()), kSuffix));
}

}  // namespace sluice::http
