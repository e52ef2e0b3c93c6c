// SPDX-License-Identifier: Apache-2.0
// What records of forwarded requests have in common in tests and benchmarks; each sets what it is about.
#pragma once
#include "gateway/observe/log_line.h"

namespace sluice::observe {

inline AccessRecord forwarded_record() {
  AccessRecord r;
  r.time = base::WallTime(std::chrono::milliseconds(1'767'323'045'078));  // 2026-01-02T03:04:05.078Z
  r.request_id = "0197f0a2";
  r.listener = "public";
  r.client_ip = "203.0.113.7";
  r.client_port = 51'234;
  r.method = "GET";
  r.host = "api.example.com";
  r.protocol = "HTTP/1.1";
  r.status = 200;
  r.source = Source::upstream;
  r.route = "orders";
  return r;
}

}  // namespace sluice::observe
