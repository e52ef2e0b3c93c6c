// SPDX-License-Identifier: Apache-2.0
// dial: a new connection to a target, whatever number of addresses its name has. Used by pools; knows nothing
// of what is said on the connection.
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
};

// Tries the addresses one after the other, starting at another one each time, and divides what is left of
// `timeout` among those left. The last failure is the result; upstream_resolve_failed without any address.
// `greeting` is sent before anything else and must outlive the task: a PROXY header.
base::Task<base::Result<Dialled>> dial(net::Loop& loop, Target& target, base::Duration timeout,
                                       std::string_view greeting = {});

}  // namespace sluice::upstream
