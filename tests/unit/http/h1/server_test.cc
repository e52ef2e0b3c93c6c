// SPDX-License-Identifier: Apache-2.0
// How a server connection shares its worker with others. What it says is tested on the wire.
#include "gateway/http/h1/server.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/base/clock.h"
#include "gateway/base/job.h"

#include "tests/support/memory_stream.h"

namespace sluice::http::h1::server_test {
namespace {

using namespace std::chrono_literals;

// Answers at once.
class Counter final : public Service {
 public:
  base::Task<void> serve(http::ServerStream& stream) override {
    ++served;
    ResponseHead head(stream.arena());
    head.status = 204;
    BodyPtr none;
    co_await stream.send(head, none);
  }
  base::Task<void> refuse(http::ServerStream&, const base::Error&) override {
    ++refused;
    return {};
  }
  int served = 0, refused = 0;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() { job_.start(server_.run()); }
  ~ServerTest() override {
    scope_.cancel(base::Reason::draining);
    base::run_ready();
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::MemoryStream::Pair ends_ = test::MemoryStream::pair(loop_.wheel(), 1024 * 1024);
  ListenerFacts listener_;
  ConnectionFacts facts_{&listener_, net::Address{}};
  ServerOptions options_;
  Counter service_;
  base::Scope scope_;
  ServerConnection server_{loop_, std::move(ends_.second), facts_, options_, service_};
  base::Job<void> job_{&scope_};
};

TEST_F(ServerTest, LetsOthersHaveATurnBetweenPipelinedRequests) {
  constexpr int kRequests = 2000;
  std::string many;
  for (int i = 0; i < kRequests; ++i) many += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  ends_.first->put(many);
  test::deliver();

  int rounds = 0;
  for (int before = 0; service_.served > before; ++rounds) {
    EXPECT_LE(service_.served - before, 20);
    before = service_.served;
    loop_.run_once(0s);
    test::deliver();
  }

  EXPECT_EQ(service_.served, kRequests);
  EXPECT_EQ(service_.refused, 0);
  EXPECT_GE(rounds, kRequests / 20);
}

TEST(LateServer, RefusesAHeadThatTookTooLongBefore) {
  base::VirtualClock clock;
  net::Loop loop(clock);
  auto ends = test::MemoryStream::pair(loop.wheel());
  ListenerFacts listener;
  ConnectionFacts facts{&listener, net::Address{}};
  ServerOptions options;
  Counter service;
  base::Scope scope;
  ServerConnection server(loop, std::move(ends.second), facts, options, service);
  server.begin_late();
  ends.first->put("PRI");
  test::deliver();
  base::Job<void> job(&scope);

  job.start(server.run());

  EXPECT_EQ(service.refused, 1) << "without another wait";
  EXPECT_EQ(service.served, 0);
  scope.cancel(base::Reason::draining);
  base::run_ready();
}

}  // namespace
}  // namespace sluice::http::h1::server_test
