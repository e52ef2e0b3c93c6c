// SPDX-License-Identifier: Apache-2.0
// OtlpHttp: the way to a collector by OTLP over HTTP, with JSON (OTLP 1.0, section "OTLP/HTTP"). Runs on the
// log writer's thread, with a loop and lookups of its own.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "gateway/observe/otlp_queue.h"
#include "gateway/server/fetch_loop.h"

namespace sluice::server {

class OtlpHttp final : public observe::OtlpWire {
 public:
  // The endpoint is a good URL: loaded.h has looked.
  OtlpHttp(const observe::OtlpConfig& config, net::DnsOptions dns);

  void post(std::string body, std::function<void(observe::OtlpAnswer)> done) override;
  void run(std::chrono::milliseconds at_most) override { loop_.run(at_most); }
  const std::string& where() const noexcept override { return where_; }

 private:
  FetchRequest request_;  // without a body
  FetchLimits limits_;
  std::string where_;
  FetchLoop loop_;
  std::shared_ptr<void> fetching_;
};

}  // namespace sluice::server
