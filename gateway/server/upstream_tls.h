// SPDX-License-Identifier: Apache-2.0
// From `tls` of an upstream as written to what its targets are dialled with. Part of building a snapshot;
// control thread.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "gateway/config/report.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/tls.h"

namespace sluice::server {

// One object for all upstreams that were built in a row with the same settings and files.
class UpstreamTls {
 public:
  explicit UpstreamTls(net::CryptoThreads* threads) : threads_(threads) {}

  // `at`: the path of the settings. Null, with errors in the report, when it cannot be made.
  std::shared_ptr<const upstream::TargetTls> build(const std::string& at, const upstream::TlsConfig& config,
                                                   upstream::ProtocolChoice protocol,
                                                   const config::Report& report);

 private:
  net::CryptoThreads* threads_;
  std::map<std::string, std::shared_ptr<const upstream::TargetTls>> made_;
};

}  // namespace sluice::server
