// SPDX-License-Identifier: Apache-2.0
// TargetUrl: where a target is, as an operator writes it: http://orders-1:8080, https://orders-1,
// srv+http://_http._tcp.orders.example or unix:/run/orders.sock. Scheme, host and port only; what a path or a
// query would mean belongs to routes and filters.
#pragma once
#include <cstdint>
#include <string>

#include "gateway/config/describe.h"

namespace sluice::upstream {

struct TargetUrl {
  std::string host;  // lower case; IPv6 addresses without brackets
  std::uint16_t port = 80;
  std::string path = {};  // of a Unix socket, which is asked for as `localhost`; else empty
  bool tls = false;       // https
  bool service = false;   // srv+http: `host` is the name of SRV records, which tell hosts and ports

  // "orders-1:8080", "[::1]:8080", "unix:/run/orders.sock": for logs.
  std::string authority() const;
  // The same without the port where it is the scheme's own: for a Host field.
  std::string host_field() const;
  // "http://orders-1:8080", "https://orders-1:443", "unix:/run/orders.sock": the canonical form.
  std::string text() const;
  bool operator==(const TargetUrl&) const = default;
};

// Complaints never quote the text: it may come from a secret.
config::Refusal parse(std::string_view text, TargetUrl& out);

void describe(config::Text<TargetUrl>& t);

}  // namespace sluice::upstream
