// SPDX-License-Identifier: Apache-2.0
// handshake: from a plain connection to one with TLS, on either side. Holds up a worker for no more than a
// few handshakes a round (quota.h); those with slow keys are computed by CryptoThreads. Used by listeners and
// by pools.
#pragma once
#include <memory>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/crypto_threads.h"
#include "gateway/net/tcp.h"
#include "gateway/net/tls_transport.h"

namespace sluice::net {

using TlsTransportPtr = std::unique_ptr<TlsTransport>;

// How a handshake failed, whichever side we are on.
struct TlsFailure {
  enum class Kind : std::uint8_t {
    refused,  // one side did not like what the other one is or can; `why` says what
    closed,   // the connection ended
    timeout,
    overload,  // too many handshakes are waiting
    cancelled
  } kind;
  base::Reason reason = base::Reason::none;  // of the scope, if cancelled
  std::string why;
};

struct TlsHandshake {
  TlsTransportPtr transport;  // null: see failure
  TlsFailure failure{TlsFailure::Kind::closed, {}, {}};
  // The connection without TLS where a client was refused because it speaks plain HTTP, to tell it so; else
  // null. The beginning of what it said has been read.
  TransportPtr plain{};
};

// `ssl` is in accept or connect state and refers to nothing but `keep`. Zero `timeout`: none.
base::Task<TlsHandshake> handshake(Loop& loop, TransportPtr plain, SslPtr ssl, CryptoThreads& threads,
                                   std::shared_ptr<const void> keep, base::Duration timeout);

}  // namespace sluice::net
