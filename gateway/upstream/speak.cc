// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/speak.h"

#include "gateway/http/h1/client.h"
#include "gateway/http/h2/client.h"

namespace sluice::upstream {

using observe::Protocol;

base::Result<Protocol> spoken_on(const Target& target, ProtocolChoice choice, const Dialled& dialled) {
  if (!target.url().tls) return choice == ProtocolChoice::h2 ? Protocol::h2 : Protocol::h1;
  bool h2 = dialled.alpn == net::Alpn::h2;
  if (choice == ProtocolChoice::h2 && !h2)
    return base::fail(base::Reason::upstream_tls, target.text() + " does not choose HTTP/2 (ALPN)");
  return h2 ? Protocol::h2 : Protocol::h1;
}

std::unique_ptr<http::ClientConnection> speak(net::Loop& loop, const Target& target, Protocol spoken,
                                              net::TransportPtr transport,
                                              http::ClientConnection::Owner& owner) {
  if (spoken == Protocol::h2)
    return std::make_unique<http::h2::ClientConnection>(loop, std::move(transport),
                                                        target.url().tls ? "https" : "http", owner);
  return std::make_unique<http::h1::ClientConnection>(loop, std::move(transport), owner);
}

}  // namespace sluice::upstream
