// SPDX-License-Identifier: Apache-2.0
// The step of a listener's connection that makes it one with TLS.
#pragma once
#include "gateway/front/listener.h"

namespace sluice::front {

// Null when the handshake failed, which has been counted. The settings must outlive the task.
base::Task<net::TlsTransportPtr> accept_tls(net::Loop& loop, net::TransportPtr plain,
                                            const ListenerTlsSettings& settings,
                                            observe::ListenerCells& cells);

}  // namespace sluice::front
