// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_handshake.h"

#include <unistd.h>

#include <future>

#include "tests/unit/net/tls_pair.h"

namespace sluice::net::tls_handshake_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using Kind = TlsFailure::Kind;

class TlsHandshakeTest : public TlsPair {
 protected:
  // A server's handshake whose client is a bare socket.
  struct Serving {
    base::Scope scope;
    std::optional<Shaking> job;
    int client = -1;
    ~Serving() {
      if (client >= 0) ::close(client);
    }
  };
  void serve(Serving& s, const Server& server, base::Duration timeout = 5min) {
    int fds[2];
    pair(fds);
    s.client = fds[1];
    s.job.emplace(&s.scope);
    start(*s.job, fds[0], server->accept(), server, timeout);
  }
  static TlsHandshake result(Serving& s) { return s.job->join().await_resume(); }
};

TEST_F(TlsHandshakeTest, ComputesSlowKeysWhileOthersAreServed) {
  std::promise<void> go;
  auto gate = go.get_future().share();
  for (unsigned i = 0; i < kThreads; ++i) ASSERT_TRUE(threads_.submit([gate] { gate.wait(); }));
  auto rsa = server_of({{.kind = "RSA"}});
  auto c = client();
  int fds[2];
  pair(fds);
  base::Scope scope;
  Shaking serving(&scope), asking(&scope);
  start(serving, fds[0], rsa->accept(), rsa);
  start(asking, fds[1], c->connect("localhost", nullptr), c);

  // Each of these takes as many rounds of the loop as the first one would, which began before them.
  for (int i = 0; i < 2; ++i) {
    shake(server(), c);
    EXPECT_TRUE(near_ && far_);
  }
  EXPECT_TRUE(serving.running());
  EXPECT_TRUE(asking.running());

  go.set_value();
  ASSERT_TRUE(until([&] { return !serving.running() && !asking.running(); }));
  auto served = serving.join().await_resume(), asked = asking.join().await_resume();
  ASSERT_TRUE(served.transport && asked.transport);
  ASSERT_EQ(write(*asked.transport, "question").bytes, 8u);
  EXPECT_EQ(text(*served.transport, 8), "question");
}

TEST_F(TlsHandshakeTest, UsesASlowKeyOfTheClient) {
  TlsServerOptions options;
  options.client_auth = ClientAuth::require;
  options.client_ca = authority_.load();
  TlsClientOptions us;
  us.identity = std::make_shared<Certificate>(authority_.issue({.kind = "RSA", .client = true}).load());
  shake(server(std::move(options)), client(std::move(us)));

  ASSERT_TRUE(near_ && far_);
  ASSERT_EQ(write(*far_, "question").bytes, 8u);
  EXPECT_EQ(text(*near_, 8), "question");
}

TEST_F(TlsHandshakeTest, GivesUpAClientThatSaysNothing) {
  Serving s;
  serve(s, server(), 100ms);

  ASSERT_TRUE(until([&] { return !s.job->running(); }));
  auto made = result(s);
  EXPECT_FALSE(made.transport);
  EXPECT_EQ(made.failure.kind, Kind::timeout);
}

TEST_F(TlsHandshakeTest, GivesUpAClientThatSaysHalf) {
  Serving s;
  serve(s, server(), 200ms);
  ASSERT_EQ(::write(s.client, "\x16\x03\x01\x01\x00\x01", 6), 6);

  ASSERT_TRUE(until([&] { return !s.job->running(); }));
  EXPECT_EQ(result(s).failure.kind, Kind::timeout);
}

TEST_F(TlsHandshakeTest, NoticesAClientThatLeaves) {
  Serving s;
  serve(s, server());
  ::close(std::exchange(s.client, -1));

  ASSERT_TRUE(until([&] { return !s.job->running(); }));
  EXPECT_EQ(result(s).failure.kind, Kind::closed);
}

TEST_F(TlsHandshakeTest, HandsBackTheConnectionOfAClientThatSpeaksPlainHttp) {
  for (std::string_view request : {"GET / HTTP/1.1\r\n\r\n", "DELETE /\r\n\r\n"}) {
    Serving s;
    serve(s, server());
    ASSERT_EQ(::write(s.client, request.data(), request.size()), static_cast<ssize_t>(request.size()));

    ASSERT_TRUE(until([&] { return !s.job->running(); }));
    auto made = result(s);
    EXPECT_FALSE(made.transport);
    EXPECT_EQ(made.failure.kind, Kind::refused);
    ASSERT_TRUE(made.plain) << request;
    EXPECT_EQ(write(*made.plain, "no TLS").bytes, 6u);
    char seen[16];
    EXPECT_EQ(::read(s.client, seen, sizeof seen), 6);  // and nothing of an alert before it
  }
}

TEST_F(TlsHandshakeTest, HandsBackNothingOfAClientThatSpeaksSomethingElse) {
  Serving s;
  serve(s, server());
  ASSERT_EQ(::write(s.client, "SSH-2.0-x\r\n", 11), 11);

  ASSERT_TRUE(until([&] { return !s.job->running(); }));
  EXPECT_FALSE(result(s).plain);
}

TEST_F(TlsHandshakeTest, EndsWithItsScope) {
  Serving s;
  serve(s, server());
  s.scope.cancel(Reason::draining);

  ASSERT_TRUE(until([&] { return !s.job->running(); }));
  auto made = result(s);
  EXPECT_EQ(made.failure.kind, Kind::cancelled);
  EXPECT_EQ(made.failure.reason, Reason::draining);
}

// Cancelled at every moment of a handshake whose key is slow, the one on the other thread included.
TEST_F(TlsHandshakeTest, MayBeCancelledAtAnyTime) {
  auto rsa = server_of({{.kind = "RSA"}});
  auto c = client();
  for (int rounds = 0; rounds < 60; ++rounds) {
    int fds[2];
    pair(fds);
    base::Scope scope;
    Shaking serving(&scope), asking(&scope);
    start(serving, fds[0], rsa->accept(), rsa);
    start(asking, fds[1], c->connect("localhost", nullptr), c);
    for (int i = 0; i < rounds % 12; ++i) loop_.run_once(0ms);
    scope.cancel(Reason::client_closed);
    base::run_ready();
    EXPECT_FALSE(serving.running());
  }
  // Those that were lent come home.
  for (int i = 0; i < 20; ++i) loop_.run_once(20ms);
}

TEST_F(TlsHandshakeTest, LeavesNothingBehindWhenTheThreadsAreStopped) {
  auto rsa = server_of({{.kind = "RSA"}});
  auto c = client();
  base::Scope scope;
  std::vector<std::unique_ptr<Shaking>> jobs;
  {
    CryptoThreads threads(1);
    for (int i = 0; i < 20; ++i) {
      int fds[2];
      pair(fds);
      jobs.push_back(std::make_unique<Shaking>(&scope));
      jobs.back()->start(handshake(loop_, plain(fds[0]), rsa->accept(), threads, rsa, 5min));
      jobs.push_back(std::make_unique<Shaking>(&scope));
      jobs.back()->start(handshake(loop_, plain(fds[1]), c->connect("localhost", nullptr), threads, c, 5min));
    }
    for (int i = 0; i < 10; ++i) loop_.run_once(0ms);
    scope.cancel(Reason::draining);
    base::run_ready();
  }
  for (auto& job : jobs) EXPECT_FALSE(job->running());
}

TEST_F(TlsHandshakeTest, ServesManyAtOnceAFewEachRound) {
  auto s = server();
  auto c = client();
  base::Scope scope;
  std::vector<std::unique_ptr<Shaking>> jobs;
  for (int i = 0; i < 50; ++i) {
    int fds[2];
    pair(fds);
    jobs.push_back(std::make_unique<Shaking>(&scope));
    start(*jobs.back(), fds[0], s->accept(), s);
    jobs.push_back(std::make_unique<Shaking>(&scope));
    start(*jobs.back(), fds[1], c->connect("localhost", nullptr), c);
  }

  ASSERT_TRUE(until([&] { return std::ranges::none_of(jobs, [](auto& j) { return j->running(); }); }));
  for (auto& job : jobs) EXPECT_TRUE(job->join().await_resume().transport);
}

TEST_F(TlsHandshakeTest, TakesWhatIsNoSocketForAFailure) {
  struct Other final : Transport {
    using Transport::Transport;
    Io try_read(std::span<char>) noexcept override { return {Io::Kind::again, 0, 0}; }
    Io try_write(std::span<const iovec>) noexcept override { return {Io::Kind::again, 0, 0}; }
    void shutdown_write() noexcept override {}
  };
  auto s = server();
  base::Scope scope;
  Shaking job(&scope);
  job.start(handshake(loop_, std::make_unique<Other>(loop_.wheel()), s->accept(), threads_, s, 5min));

  ASSERT_FALSE(job.running());
  EXPECT_FALSE(job.join().await_resume().transport);
}

}  // namespace
}  // namespace sluice::net::tls_handshake_test
