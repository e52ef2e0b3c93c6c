// SPDX-License-Identifier: Apache-2.0
// From a connection that was dialled to one that speaks HTTP: which version it is, and the client for it.
// Used by pools and health checks.
#pragma once
#include <memory>

#include "gateway/http/client_connection.h"
#include "gateway/observe/listener_metrics.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/dial.h"

namespace sluice::upstream {

// Over TLS what the target has chosen, else what the settings say. upstream_tls if they ask for HTTP/2 and
// the target has not chosen it.
base::Result<observe::Protocol> spoken_on(const Target& target, ProtocolChoice choice,
                                          const Dialled& dialled);

// `owner` and `loop` must outlive the connection.
std::unique_ptr<http::ClientConnection> speak(net::Loop& loop, const Target& target, observe::Protocol spoken,
                                              net::TransportPtr transport,
                                              http::ClientConnection::Owner& owner);

}  // namespace sluice::upstream
