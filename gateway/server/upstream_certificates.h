// SPDX-License-Identifier: Apache-2.0
// UpstreamCertificates: authorities and certificates of our own for TLS to targets as they live: read again
// when their files change, and put in force for connections that are made from then on. What listeners have
// is in ListenerTls. Control thread.
#pragma once
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "gateway/observe/metrics.h"
#include "gateway/server/certificate_watch.h"
#include "gateway/server/upstream_tls.h"

namespace sluice::server {

class UpstreamCertificates {
 public:
  // All must outlive it.
  UpstreamCertificates(boost::asio::io_context& control, observe::MetricsRegistry& metrics,
                       net::CryptoThreads& threads)
      : threads_(threads), watch_(control, metrics.store(), [this] { look(); }) {}
  UpstreamCertificates(const UpstreamCertificates&) = delete;
  UpstreamCertificates& operator=(const UpstreamCertificates&) = delete;

  // Watches what a snapshot that comes in force was built from, and nothing else any more.
  void use(std::vector<TlsOrigin> origins);
  // When our own certificates expire, by path as written.
  void expiries(const std::function<void(const std::string& path, std::time_t expires)>& tell) const;

 private:
  void look();
  void renew(TlsOrigin& origin, UpstreamTls& builder);

  net::CryptoThreads& threads_;
  std::vector<TlsOrigin> now_;
  CertificateWatch watch_;
};

}  // namespace sluice::server
