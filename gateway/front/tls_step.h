// SPDX-License-Identifier: Apache-2.0
// The step of a listener's connection that makes it one with TLS.
#pragma once
#include "gateway/front/listener.h"

namespace sluice::front {

// Null when the handshake failed, which has been counted. The settings must outlive the task.
base::Task<net::TlsTransportPtr> accept_tls(net::Loop& loop, net::TransportPtr plain,
                                            const ListenerTlsSettings& settings,
                                            observe::ListenerCells& cells);

// Tells a client in HTTP/1.1 that this port speaks TLS, and waits a moment until it has read that. Its
// request is not read.
base::Task<void> refuse_plain_http(net::Loop& loop, net::Transport& client);

}  // namespace sluice::front
