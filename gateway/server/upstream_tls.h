// SPDX-License-Identifier: Apache-2.0
// From `tls` of an upstream or a store as written to what its targets are dialled with. Part of building a
// snapshot, and of what is built again when the files have changed; control thread.
#pragma once
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gateway/server/tls_builder.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/tls.h"

namespace sluice::server {

// What TLS to some targets is built from, and is built from again.
struct TlsOrigin {
  std::string owner{};  // for logs: "upstream orders"
  upstream::TlsConfig config{};
  upstream::ProtocolChoice protocol = upstream::ProtocolChoice::automatic;
  std::string directory{};  // where relative paths start
  // Puts what was built from files that are new in force.
  std::function<void(std::shared_ptr<const upstream::TargetTls>)> use{};

  // From here on filled in by UpstreamTls::build().
  WatchedFiles files{};                  // whether it could be built or not
  std::optional<std::time_t> expires{};  // our own certificate; none without one

  bool names_files() const { return !config.ca.empty() || !config.cert.empty(); }
};

// One object for all upstreams that are built in a row with the same settings and files.
class UpstreamTls {
 public:
  explicit UpstreamTls(net::CryptoThreads* threads) : threads_(threads) {}

  // Null, with errors told to `complain`, when it cannot be made.
  std::shared_ptr<const upstream::TargetTls> build(TlsOrigin& origin, const Complain& complain);

 private:
  struct Made {
    std::shared_ptr<const upstream::TargetTls> tls;
    std::optional<std::time_t> expires;
  };

  net::CryptoThreads* threads_;
  std::map<std::string, Made> made_;
};

}  // namespace sluice::server
