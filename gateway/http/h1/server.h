// SPDX-License-Identifier: Apache-2.0
// ServerConnection: the server side of one HTTP/1.x connection: reads requests one after the other, hands
// each to the Service as a ServerStream, and keeps the connection for the next one where both sides can. An
// idle connection holds no buffer and no arena. One worker thread.
#pragma once
#include <optional>
#include <utility>

#include "gateway/http/connection.h"
#include "gateway/http/h1/head_scanner.h"
#include "gateway/http/stream.h"
#include "gateway/net/tcp.h"

namespace sluice::http::h1 {

struct Control;
class ServerStream;

class ServerConnection final : public http::ServerConnection, private net::Watcher {
 public:
  // All but the transport must outlive the connection.
  ServerConnection(net::Loop& loop, net::TransportPtr transport, const ConnectionFacts& facts,
                   const ServerOptions& options, Service& service);
  ~ServerConnection() override;

  base::Task<void> run() override;
  void drain() noexcept override;
  // Before run(): the time for the first head has passed already, and what has come of it is no whole one.
  void begin_late() noexcept { late_ = true; }
  bool quiet() noexcept override { return !running_ && !std::exchange(stirred_, false); }

 private:
  struct Session;
  struct Running;
  base::Task<bool> burst(bool others_first);
  base::Result<Control> begin(Session& session, const Running& running, base::Result<std::size_t> length);
  bool end(const Running& running, bool was_request) noexcept;
  std::optional<base::Result<std::size_t>> take_head(Session& session);
  base::Task<base::Result<std::size_t>> head(Session& session);
  base::Task<base::Result<std::size_t>> wait_for_head(Session& session);
  void take_upgrade(Session& session, ServerStream& stream, std::size_t head);
  void on_activity(bool hangup) noexcept override;

  net::Loop* loop_;
  net::TransportPtr transport_;
  const ConnectionFacts* facts_;
  const ServerOptions* options_;
  Service* service_;
  const Running* running_ = nullptr;  // while there is an exchange
  bool stirred_ = false;              // a request has begun since quiet() was asked
  bool draining_ = false;
  bool late_ = false;   // see begin_late()
  bool large_ = false;  // what the last Input said: see Input::large()
};

}  // namespace sluice::http::h1
