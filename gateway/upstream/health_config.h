// SPDX-License-Identifier: Apache-2.0
// HealthConfig: how the targets of an upstream are asked whether they are well, as an operator writes it.
// Part of UpstreamConfig; carried out by probe.h.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/describe.h"

namespace sluice::upstream {

enum class ProbeKind : unsigned char { http, tcp, grpc };
std::string_view name(ProbeKind kind) noexcept;
void describe(config::Enumeration<ProbeKind>& e);

// Status codes that mean the same: 200, 2xx, 200-399.
struct StatusRange {
  int first = 200, last = 399;  // both belong to it
  bool holds(int status) const noexcept { return status >= first && status <= last; }
  std::string text() const;  // "200", "200-399"
  bool operator==(const StatusRange&) const = default;
};
void describe(config::Text<StatusRange>& t);

struct HealthConfig {
  ProbeKind type = ProbeKind::http;
  std::string path;     // of http: with a query, if need be
  std::string service;  // of grpc: "" is the server as a whole
  std::string host;  // "": as for requests that nobody has sent, the target's own or `host` of the upstream
  std::vector<StatusRange> expect = {{}};  // of http
  std::optional<std::uint16_t> port;       // unset: the target's own
  config::Duration interval = std::chrono::seconds(5);
  config::Duration timeout = std::chrono::seconds(2);
  std::uint32_t unhealthy_after = 3;
  std::uint32_t healthy_after = 2;
  bool operator==(const HealthConfig&) const = default;
};
void describe(config::Description<HealthConfig>& d);

}  // namespace sluice::upstream
