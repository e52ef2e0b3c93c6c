// SPDX-License-Identifier: Apache-2.0
// Upstream: a service behind the gateway, on a port of its own, for tests. It has three moods, and a
// connection is in the first that fits:
//   scripted     users.script().expect_request().then_send("HTTP/1.1 200 OK\r\n").then_close();
//                one connection each, in the order written; runs by itself
//   autonomous   users.answers(200, "ok");
//                answers every request on every connection, also after a script that left its connection open
//   driven       auto target = users.accept();  target.expect_request();  target.send(...);
//                the test itself plays the service, step by step
// It records all that it sees. The thread of the test only, but for what its own threads do.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/h2_bridge.h"
#include "tests/support/peer.h"
#include "tests/support/tls.h"
#include "tests/support/upstream_log.h"

namespace sluice::test {

// A connection that the gateway made.
class UpstreamConnection : public Peer {
 public:
  UpstreamConnection(Socket socket, std::shared_ptr<UpstreamLog> log, std::size_t index);

  // The next request; not complete if the connection ends before. Answers `Expect: 100-continue`.
  Request request();
  // The same; the test fails if there is no whole, well-formed request.
  Request expect_request();
  // Start line and fields of a request; receive() the body.
  Request expect_head();
  // Counted from 0 as they were made.
  std::size_t index() const noexcept { return index_; }

 private:
  std::shared_ptr<UpstreamLog> log_;
  std::size_t index_;
};

// What one connection is to see and do. Write it before the connection can be made.
class Script {
 public:
  using Step = std::function<void(UpstreamConnection&)>;
  Script& expect_request();
  Script& then_send(std::string bytes);
  Script& then_trickle(std::string bytes);
  Script& then_close();
  Script& then_reset();
  // Receives n bytes, without caring what they are, and closes.
  Script& then_close_after(std::size_t n);
  // Reads and forgets until the gateway closes.
  Script& then_wait_for_close();
  Script& then(Step step);

 private:
  friend class Upstream;
  std::vector<Step> take();
  std::mutex mutex_;
  std::vector<Step> steps_;
};

// What an autonomous upstream says to a request.
struct Answer {
  std::string bytes;
  bool then_close = false;
};

class Upstream {
 public:
  using Answering = std::function<Answer(const Request&)>;

  // `bridged`: the gateway is to speak HTTP/2 with it; what the test sees and says is HTTP/1.1 all the same.
  explicit Upstream(bool bridged = false);
  Upstream(const Upstream&) = delete;
  ~Upstream();

  // Connections from now on are ones with TLS.
  void speak_tls(const TlsService& service);
  // The host that the last handshake named, and how many handshakes resumed a session.
  std::string sni() const;
  std::size_t resumed() const;
  std::uint16_t port() const noexcept { return bridge_ ? bridge_->port() : port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

  // --- Autonomous. For requests from now on, on open connections too.
  Upstream& answers(int status, std::string body, std::vector<Line> fields = {});
  Upstream& answers_with(std::string bytes, bool then_close = false);
  Upstream& answers_by(Answering answering);
  // --- Scripted. The reference is good until the connection is made.
  Script& script();
  // --- Driven. The next connection that nothing else fits; not open() if none comes.
  UpstreamConnection accept();
  // Connecting is refused from now on.
  void stop_listening();

  // --- What it saw: see UpstreamLog.
  std::vector<Request> requests(std::size_t from = 0) const { return log_->requests(from); }
  std::size_t request_count() const { return log_->request_count(); }
  Request request(std::size_t n = 0) const { return log_->request(n); }
  std::size_t connections() const { return log_->connections(); }
  std::string received(std::size_t connection) const { return log_->received(connection); }
  std::vector<std::size_t> received_bytes() const { return log_->received_bytes(); }
  bool closed(std::size_t connection) const { return log_->closed(connection); }
  bool has_seen(std::size_t opened, std::size_t closed) const { return log_->has_seen(opened, closed); }

 private:
  void accept_all();
  void serve(UpstreamConnection& connection, const std::vector<Script::Step>& steps);
  void begin(Socket socket);
  bool secured(Socket& socket);

  Bell stop_accepting_, stop_;
  Socket reserved_ = Socket::reserve();
  std::uint16_t port_ = reserved_.port();
  Socket listener_ = Socket::listen(port_, &stop_accepting_);
  std::shared_ptr<UpstreamLog> log_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Script>> scripts_;
  Answering answering_;
  std::shared_ptr<const TlsAcceptor> tls_;
  std::string sni_;
  std::size_t resumed_ = 0;
  std::deque<UpstreamConnection> waiting_;  // for accept()
  std::list<std::thread> threads_;
  std::thread acceptor_;
  std::unique_ptr<H2Bridge> bridge_;
};

}  // namespace sluice::test
