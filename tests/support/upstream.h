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

#include "tests/support/peer.h"

namespace sluice::test {

class UpstreamLog;

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
  Script& then_half_close();
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

  Upstream();
  Upstream(const Upstream&) = delete;
  ~Upstream();

  std::uint16_t port() const noexcept { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

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

  // --- What it saw.
  // Whole requests in the order of their ends, but for the first `from`.
  std::vector<Request> requests(std::size_t from = 0) const;
  std::size_t request_count() const;
  // The n-th of them, waiting for it.
  Request request(std::size_t n = 0) const;
  std::size_t connections() const;
  // Every byte of a connection, so far.
  std::string received(std::size_t connection) const;
  // The number of bytes of each connection, so far.
  std::vector<std::size_t> received_bytes() const;
  // Waits until a scripted or autonomous connection is over.
  bool closed(std::size_t connection) const;
  // Waits until it has seen that many connections and the end of that many of them; then it knows all that
  // was sent on those.
  bool has_seen(std::size_t opened, std::size_t closed) const;

 private:
  void accept_all();
  void serve(UpstreamConnection& connection, const std::vector<Script::Step>& steps);
  void begin(Socket socket);

  Bell stop_accepting_, stop_;
  Socket reserved_ = Socket::reserve();
  std::uint16_t port_ = reserved_.port();
  Socket listener_ = Socket::listen(port_, &stop_accepting_);
  std::shared_ptr<UpstreamLog> log_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Script>> scripts_;
  Answering answering_;
  std::deque<UpstreamConnection> waiting_;  // for accept()
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// What an upstream saw; its threads write it.
class UpstreamLog {
 public:
  std::size_t opened();
  void received(std::size_t connection, std::string_view bytes);
  void ended(std::size_t connection);
  void add(Request request);

 private:
  friend class Upstream;
  struct Seen {
    std::string bytes;
    bool closed = false;
  };
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Seen> connections_;
  std::vector<Request> requests_;
};

}  // namespace sluice::test
