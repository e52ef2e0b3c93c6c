// SPDX-License-Identifier: Apache-2.0
// A request that failed, and what surrounds it, for the tests of the pages that tell about it.
#pragma once
#include "gateway/admin/failures_page.h"

namespace sluice::admin {

inline observe::Failure failed() {
  using namespace std::chrono_literals;
  observe::Failure f;
  f.time = base::WallTime(std::chrono::seconds(1'800'000'000));
  f.worker = 1;
  f.request_id = "req-1";
  f.listener = "web";
  f.client_ip = "192.0.2.7";
  f.method = "GET";
  f.host = "shop.example";
  f.path = "/orders/7";
  f.protocol = "HTTP/1.1";
  f.status = 504;
  f.reason = base::Reason::timeout_first_byte;
  f.detail = "10.0.0.4:8080 said nothing for 30s";
  f.route = "orders";
  f.upstream = "shop";
  f.attempts = {{"10.0.0.3:8080", 0, base::Reason::upstream_connect_failed, 1ms},
                {"10.0.0.4:8080", 0, base::Reason::timeout_first_byte, 30s}};
  f.duration = 30'003'700us;
  f.auth = 1'250us;
  f.config_hash = "00ff";
  return f;
}

inline FailureSurroundings surroundings() {
  using namespace std::chrono_literals;
  RouteReport route;
  route.name = "orders";
  route.from = "gateway.yaml:7:5";
  route.filters = {{"request_id", "", "gateway.yaml:5:8"}, {"jwt", "staff", "gateway.yaml:9:12"}};
  route.handler = "to";
  route.forwards = {{"shop", 2, {}, {{"connect", 2s, "default"}, {"first_byte", 30s, "gateway.yaml:20:17"}}}};
  return {route, "00ff"};
}

}  // namespace sluice::admin
