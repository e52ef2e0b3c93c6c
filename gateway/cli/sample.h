// SPDX-License-Identifier: Apache-2.0
// Sample: a request that nobody has sent, on its way through filters that look at nothing but its head and
// its connection. For `sluice explain`, which shows what they make of it. No sockets; what only a real
// request has, such as a caller, a body or a request id, is empty.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/chain/exchange.h"
#include "gateway/config/sources.h"
#include "gateway/http/clientless_stream.h"

namespace sluice::cli {

class Sample final : public http::ClientlessStream {
 public:
  // All must outlive this; the head is edited. `sources` know what is secret.
  Sample(http::RequestHead& request, const http::ConnectionFacts& connection, const config::Sources& sources);

  // Whether the kind of filter, by its key in YAML, is one whose work on a request can be shown like this.
  static bool can_show(std::string_view kind) noexcept;
  // Lets the filter have the request. What changed, a line each: "target /a -> /b", "+ X-New: 1", "- X-Old:
  // 2"; or the answer that it gives instead.
  std::vector<std::string> pass(const chain::Filter& filter);

  // "Name: value" of each line that is part of the head, secrets included.
  std::vector<std::string> lines() const;
  // Such a line as it may be shown.
  std::string masked(std::string line) const;
  // Path and query of the head as they may be shown.
  std::string masked_target() const;
  chain::Exchange& exchange() noexcept { return exchange_; }

  const http::ConnectionFacts& connection() const noexcept override { return connection_; }
  std::string_view peer_ip() const noexcept override { return peer_ip_; }
  base::Arena& arena() noexcept override { return request_.fields.arena(); }
  http::RequestHead& request() noexcept override { return request_; }
  base::SteadyTime begun() const noexcept override { return {}; }

 private:
  http::RequestHead& request_;
  const http::ConnectionFacts& connection_;
  const config::Sources& sources_;
  std::string peer_ip_;
  base::RealClock clock_;
  net::Loop loop_{clock_};
  chain::Worker worker_{loop_, 0};
  base::Scope scope_;
  chain::Exchange exchange_;
};

}  // namespace sluice::cli
