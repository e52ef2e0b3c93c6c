// SPDX-License-Identifier: Apache-2.0
// TCP: plain transports and connecting, for Unix sockets too. Sockets are non-blocking, close-on-exec,
// without Nagle's delay.
#pragma once
#include <memory>

#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/transport.h"

namespace sluice::net {

class TcpTransport final : public Transport, private Source {
 public:
  // Takes over a non-blocking socket. `connected` false: it is connecting, the first writable event ends
  // that.
  TcpTransport(Loop& loop, int fd, bool connected) noexcept;
  ~TcpTransport() override;
  // False when the loop could not watch the socket (out of memory or descriptors).
  bool registered() const noexcept { return registered_; }

  Io try_read(std::span<char> into) noexcept override;
  Io try_peek(std::span<char> into) noexcept override;
  Io try_write(std::span<const iovec> from) noexcept override;
  bool can_splice() const noexcept override { return true; }
  Io try_splice_in(const Pipe& to, std::size_t at_most) noexcept override;
  Io try_splice_out(const Pipe& from, std::size_t at_most, bool more) noexcept override;
  void shutdown_write() noexcept override;
  void reset_on_close() noexcept override;
  int release() noexcept override;
  // The pending error of a connect, 0 if it succeeded.
  int connect_error() const noexcept;

 private:
  void on_events(std::uint32_t events) noexcept override;
  // The peer has finished sending.
  Io ended() noexcept {
    hung_up_ = true;
    return {Io::Kind::closed, 0, 0};
  }
  Loop* loop_;
  int fd_;
  bool registered_;
};

using TransportPtr = std::unique_ptr<Transport>;

// Connects; upstream_connect_failed or timeout_connect (or the scope's reason) otherwise, with the address in
// detail.
base::Task<base::Result<TransportPtr>> connect(Loop& loop, const Address& to, base::Duration timeout);

}  // namespace sluice::net
