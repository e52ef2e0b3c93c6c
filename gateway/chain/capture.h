// SPDX-License-Identifier: Apache-2.0
// Capture: a part of the request's path that the route's pattern gave a name. Made by routing, read by
// filters and handlers through Exchange::captures.
#pragma once
#include <string_view>

namespace sluice::chain {

struct Capture {
  std::string_view name;   // of the route
  std::string_view value;  // a piece of the request's path, still escaped
};

}  // namespace sluice::chain
