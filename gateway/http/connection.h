// SPDX-License-Identifier: Apache-2.0
// ServerConnection: one connection from downstream, whatever version of HTTP is spoken on it, and what all of
// them have in common. Listeners run it and end it; the requests on it reach the gateway as ServerStreams.
// One worker thread.
#pragma once
#include "gateway/base/task.h"
#include "gateway/http/head.h"
#include "gateway/net/loop.h"
#include "gateway/net/pace.h"
#include "gateway/net/transport.h"

namespace sluice::http {

// Limits and timeouts of a listener; durations of zero mean none.
struct ServerOptions {
  HeadLimits limits;
  base::Duration head_timeout = std::chrono::seconds(10);  // for a whole head, from its first byte
  base::Duration body_timeout = std::chrono::seconds(30);  // between two pieces of a request body
  base::Duration request_timeout{};  // for a whole request, from its first byte; zero: no limit
  base::Duration keep_alive_timeout = std::chrono::seconds(75);
  base::Duration write_timeout = std::chrono::seconds(30);  // for a client that does not read
  std::uint64_t max_body = 10 * 1024 * 1024;                // bytes of a request body, streamed or not
  net::MinRate min_rate;  // of request bodies and of responses, while the client is waited for
};

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // Serves until the connection has ended. Run it in a scope whose cancellation ends the connection.
  virtual base::Task<void> run() = 0;
  // An idle connection ends now, a busy one after the exchanges that are under way.
  virtual void drain() noexcept = 0;
  // Is no exchange under way, and has none begun since the last call?
  virtual bool quiet() noexcept { return false; }
};

// The end of a connection on which something was said that the client should get. Closing with unread bytes
// makes the kernel send a reset, which may destroy it on its way. So: say that nothing follows, and read for
// a while what the client still sends (RFC 9112 section 9.6).
base::Task<void> linger(net::Transport& transport, net::Loop& loop);

}  // namespace sluice::http
