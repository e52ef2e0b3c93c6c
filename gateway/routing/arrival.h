// SPDX-License-Identifier: Apache-2.0
// Arrival: what a route is chosen by: the head of a request, and the connection that it came on. Two
// pointers, made where a lookup begins; refers to both.
#pragma once
#include "gateway/http/head.h"

namespace sluice::http {
struct ConnectionFacts;
}

namespace sluice::routing {

struct Arrival {
  // Without a connection no condition on it holds.
  Arrival(const http::RequestHead& request, const http::ConnectionFacts* from = nullptr) noexcept
      : head(request), connection(from) {}

  const http::RequestHead& head;
  const http::ConnectionFacts* connection;
};

}  // namespace sluice::routing
