// SPDX-License-Identifier: Apache-2.0
// TargetTls: how the targets of an upstream are spoken to over TLS, and the sessions that each worker keeps
// with each target.
#pragma once
#include <memory>
#include <string>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/tls_client.h"
#include "gateway/net/tls_handshake.h"

namespace sluice::upstream {

// Shared by all targets of an upstream; immutable. The threads outlive it.
struct TargetTls {
  std::shared_ptr<const net::TlsClient> client;
  net::CryptoThreads* threads = nullptr;
  std::string made_from;  // settings and files; equal texts: equal clients
};

// Handshakes with the target `host`. upstream_tls with OpenSSL's reason, timeout_connect, or the scope's
// reason. Takes up what is left of a connection's timeout; zero for none. `only` as for
// TlsClient::connect().
base::Task<base::Result<net::TlsTransportPtr>> connect_tls(net::Loop& loop, net::TransportPtr plain,
                                                           std::shared_ptr<const TargetTls> tls,
                                                           const std::string& host,
                                                           std::shared_ptr<net::TlsSessions> sessions,
                                                           base::Duration timeout, net::Alpn only);

}  // namespace sluice::upstream
