// SPDX-License-Identifier: Apache-2.0
// ClientConnection: the client side of one HTTP/1.1 connection to a target, one exchange at a time. Owned by
// a pool, which is told when an exchange has ended and when an idle connection was closed or spoke out of
// turn. One worker.
#pragma once
#include <memory>

#include "gateway/http/h1/input.h"
#include "gateway/http/stream.h"
#include "gateway/net/tcp.h"

namespace sluice::http::h1 {

struct ClientTimeouts {
  base::Duration first_byte =
      std::chrono::seconds(30);  // from the end of the request to the first byte of the answer
  base::Duration idle = std::chrono::seconds(60);  // between two pieces in either direction
};

class ClientConnection : private net::Watcher {
 public:
  class Owner {
   public:
    // The exchange is over. `reusable`: another one may follow; else the owner destroys the connection.
    virtual void ended(ClientConnection& connection, bool reusable) noexcept = 0;
    // An idle connection is of no use any more; the owner destroys it.
    virtual void lost(ClientConnection& connection) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  // All but the transport must outlive the connection.
  ClientConnection(net::Loop& loop, net::TransportPtr transport, Owner& owner);
  ~ClientConnection();

  // Begins an exchange on an idle connection. The stream lives in the arena; when it is destroyed the
  // exchange ends.
  ClientStreamPtr open(base::Arena& arena, const ClientTimeouts& timeouts);
  // May an exchange begin? Looks at what the system has told, without asking it.
  bool usable() const noexcept { return !transport_->hung_up(); }

 private:
  class Stream;
  class ResponseBody;
  void on_activity(bool hangup) noexcept override;

  net::Loop* loop_;
  net::TransportPtr transport_;
  Owner* owner_;
  Input input_;
  std::uint64_t exchanges_ = 0;
};

}  // namespace sluice::http::h1
