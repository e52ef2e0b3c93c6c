// SPDX-License-Identifier: Apache-2.0
// ServerConnection: one connection from downstream, whatever version of HTTP is spoken on it. Listeners run
// it and end it; the requests on it reach the gateway as ServerStreams. One worker thread.
#pragma once
#include "gateway/base/task.h"

namespace sluice::http {

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  // Serves until the connection has ended. Run it in a scope whose cancellation ends the connection.
  virtual base::Task<void> run() = 0;
  // An idle connection ends now, a busy one after the exchanges that are under way.
  virtual void drain() noexcept = 0;
};

}  // namespace sluice::http
