// SPDX-License-Identifier: Apache-2.0
// The first step of a connection on listeners that expect the PROXY protocol: takes the header off, byte for
// byte, so that whatever follows it begins where it should. On the worker of the connection.
#pragma once
#include <memory>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/cidr.h"
#include "gateway/net/loop.h"
#include "gateway/net/proxy_protocol.h"
#include "gateway/net/transport.h"

namespace sluice::front {

struct ProxySettings {
  std::vector<net::Cidr> from;  // who may, and must, send a header
  base::Duration timeout{};     // for the whole of it
};

// `peer` becomes the client that the header tells of; what else it says is the result, null if nothing.
// forbidden when the peer is none of `from`, bad_request when there is no valid header, client_timeout when
// it takes too long; client_closed when the peer left without a byte, as probes of balancers do.
base::Task<base::Result<std::unique_ptr<net::ProxyFacts>>> take_proxy_header(net::Loop& loop,
                                                                             net::Transport& from,
                                                                             const ProxySettings& settings,
                                                                             net::Address& peer);

}  // namespace sluice::front
