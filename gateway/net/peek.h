// SPDX-License-Identifier: Apache-2.0
// peek: looks at the first bytes of a connection without taking them, for those who decide by them what is
// spoken on it: PROXY headers, HTTP/2 prefaces, the name in a TLS hello.
#pragma once
#include <span>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/transport.h"

namespace sluice::net {

// Waits until more than `than` bytes have arrived; how many of them are in `into` now, which must be larger
// than `than`. 0 when the other side has closed and no more will come. client_timeout when nothing came for
// `timeout` (zero: no timeout), client_closed when the connection failed, or the scope's reason.
base::Task<base::Result<std::size_t>> peek(Transport& from, std::span<char> into, std::size_t than,
                                           base::Duration timeout);

}  // namespace sluice::net
