// SPDX-License-Identifier: Apache-2.0
// dial: a new connection to a target, over TLS if its URL says so, whatever number of addresses its name has.
// Used by pools; knows nothing of what is said on the connection.
#pragma once
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/tcp.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

struct Dialled {
  net::TransportPtr transport;
  net::Address address;
  net::Alpn alpn = net::Alpn::none;      // what the target chose to speak, over TLS
  std::shared_ptr<const TargetTls> tls;  // the settings by which it was made; null without TLS
};

// What is spoken on it: what the target's URL says; the same, and over TLS nothing but HTTP/1.1 is offered;
// or nothing of ours, for bytes that others have sealed.
enum class Layer : std::uint8_t { of_url, http_1_1, plain };

// Tries the addresses one after the other, starting at another one each time, and divides what is left of
// `timeout` among those left. The last failure is the result; upstream_resolve_failed without any address;
// upstream_tls, which no other address cures. `greeting` is sent before anything else, TLS included, and must
// outlive the task: a PROXY header. `port`: instead of the addresses' own, for health checks; what fails
// there says nothing about the addresses, so that they are not avoided for it.
base::Task<base::Result<Dialled>> dial(net::Loop& loop, Target& target, base::Duration timeout,
                                       std::string_view greeting = {}, Layer layer = Layer::of_url,
                                       std::uint16_t port = 0);

}  // namespace sluice::upstream
