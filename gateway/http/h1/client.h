// SPDX-License-Identifier: Apache-2.0
// ClientConnection: the client side of one HTTP/1.1 connection to a target, one exchange at a time. While it
// is idle it is watched, so that its owner hears when the target closed it or spoke out of turn. One worker.
#pragma once
#include "gateway/http/client_connection.h"
#include "gateway/http/h1/input.h"
#include "gateway/net/tcp.h"

namespace sluice::http::h1 {

class ClientConnection final : public http::ClientConnection, private net::Watcher {
 public:
  // All but the transport must outlive the connection.
  ClientConnection(net::Loop& loop, net::TransportPtr transport, Owner& owner);
  ~ClientConnection() override;

  ClientStreamPtr open(base::Arena& arena, const ClientTimeouts& timeouts) override;
  bool usable() const noexcept override { return !transport_->hung_up(); }
  void kept_unused() noexcept override { ++exchanges_; }
  std::size_t streams() const noexcept override { return busy_ ? 1 : 0; }
  std::size_t room() const noexcept override { return busy_ ? 0 : 1; }
  std::optional<base::Duration> idle_limit() const noexcept override { return idle_limit_; }

 private:
  class Stream;
  class ResponseBody;
  void on_activity(bool hangup) noexcept override;

  net::Loop* loop_;
  net::TransportPtr transport_;
  Owner* owner_;
  Input input_;
  std::uint64_t exchanges_ = 0;
  bool busy_ = false;
  std::optional<base::Duration> idle_limit_;
};

}  // namespace sluice::http::h1
