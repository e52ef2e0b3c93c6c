// SPDX-License-Identifier: Apache-2.0
// ClientConnection: one connection to a target, whatever version of HTTP is spoken on it. Owned by a pool,
// which opens streams on it, one at a time or many as room() allows, and is told when one has ended and when
// the connection is of no use any more. One worker thread.
#pragma once
#include <cstddef>
#include <optional>

#include "gateway/http/stream.h"

namespace sluice::http {

struct ClientTimeouts {
  base::Duration first_byte =
      std::chrono::seconds(30);  // from the end of the request to the first byte of the answer
  base::Duration idle = std::chrono::seconds(60);  // between two pieces in either direction
};

class ClientConnection {
 public:
  // Both calls may destroy the connection; the connection touches nothing of itself afterwards.
  class Owner {
   public:
    // A stream has ended. `usable`: others may follow; else the connection takes none from now on.
    virtual void stream_ended(bool usable) noexcept = 0;
    // The connection takes no further streams: the target closed it or announced that it will. Those that are
    // open run on.
    virtual void lost() noexcept = 0;

   protected:
    ~Owner() = default;
  };

  virtual ~ClientConnection() = default;
  // Begins an exchange; there must be room. The stream lives in the arena; when it is destroyed the exchange
  // ends.
  virtual ClientStreamPtr open(base::Arena& arena, const ClientTimeouts& timeouts) = 0;
  // May an exchange begin? Looks at what the system has told, without asking it.
  virtual bool usable() const noexcept = 0;
  // It is kept before its first exchange, which finds one then that may have gone stale. No stream is open.
  virtual void kept_unused() noexcept = 0;
  // Streams that exist.
  virtual std::size_t streams() const noexcept = 0;
  // How many more the target allows at present.
  virtual std::size_t room() const noexcept = 0;
  // How long the target keeps the connection when it is not used, as far as it has said so.
  virtual std::optional<base::Duration> idle_limit() const noexcept { return std::nullopt; }
};

}  // namespace sluice::http
