// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/tls.h"

namespace sluice::upstream {

using base::Reason;
using base::Result;
using Kind = net::TlsFailure::Kind;

namespace {

base::Unexpected explain(const net::TlsFailure& failure, const std::string& host) {
  switch (failure.kind) {
    case Kind::timeout:
      return base::fail(Reason::timeout_connect, "TLS handshake with " + host);
    case Kind::overload:
      return base::fail(Reason::overload, "too many TLS handshakes are waiting");
    case Kind::cancelled:
      return base::fail(failure.reason);
    case Kind::closed:
      return base::fail(Reason::upstream_tls, host + " closed the connection in the TLS handshake");
    case Kind::refused:
      break;
  }
  return base::fail(Reason::upstream_tls, "TLS handshake with " + host + ": " + failure.why);
}

}  // namespace

base::Task<Result<net::TlsTransportPtr>> connect_tls(net::Loop& loop, net::TransportPtr plain,
                                                     std::shared_ptr<const TargetTls> tls,
                                                     const std::string& host,
                                                     std::shared_ptr<net::TlsSessions> sessions,
                                                     base::Duration timeout, net::Alpn only) {
  auto ssl = tls->client->connect(host, sessions, only);
  if (!ssl) co_return base::fail(Reason::overload, "TLS: out of memory");
  auto& threads = *tls->threads;
  auto made = co_await net::handshake(loop, std::move(plain), std::move(ssl), threads, tls, timeout);
  if (!made.transport) co_return explain(made.failure, host);
  co_return std::move(made.transport);
}

}  // namespace sluice::upstream
