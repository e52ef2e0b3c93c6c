// SPDX-License-Identifier: Apache-2.0
// Max-Forwards (RFC 9110 section 7.6.2): how many may still pass a TRACE or OPTIONS on. Clients look with it
// for the place in a chain of proxies where something goes wrong.
#pragma once
#include <string_view>

#include "gateway/chain/exchange.h"

namespace sluice::front {

bool count_down(http::RequestHead& request);

// False if nobody may pass the request on: the gateway is to answer. Else what the field says is one less.
// What is no number says nothing.
inline bool goes_further(http::RequestHead& request) {
  bool counted = request.method == http::Method::options || request.method == http::Method::trace;
  return !counted || count_down(request);
}

// The answer of whoever is the last to get the request. `allow`: what may be asked of the path; in the arena.
// A TRACE sees what has arrived, but only fields of which no secret can be expected (RFC 9110 section 9.3.8).
void answer_as_the_last(chain::Exchange& ex, std::string_view allow);

}  // namespace sluice::front
