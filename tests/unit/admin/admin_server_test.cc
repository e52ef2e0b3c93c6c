// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/admin_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/admin/socket.h"
#include "gateway/base/log.h"

#include "tests/unit/admin/served.h"

namespace sluice::admin::admin_server_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(AdminServer, ServesOnAPortThatTheSystemChose) {
  Served served;

  EXPECT_NE(served.port(), 0);
  EXPECT_THAT(get(served.port(), "/readyz"), HasSubstr("{\"ready\":true}"));
}

TEST(AdminServer, IsNotThereWhenSwitchedOff) {
  boost::asio::io_context control;
  AdminConfig config;
  config.enabled = false;

  auto started = AdminServer::start(control, config, plain_suppliers());

  ASSERT_TRUE(started);
  EXPECT_EQ(*started, nullptr);
}

TEST(AdminServer, NamesThePortThatIsInUse) {
  Served first;
  boost::asio::io_context control;
  auto config = any_port();
  config.bind.port = first.port();

  auto second = AdminServer::start(control, config, plain_suppliers());

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("127.0.0.1:" + std::to_string(first.port())));
  EXPECT_THAT(second.error().detail, HasSubstr("Address already in use"));
}

TEST(AdminServer, ServesOnAUnixSocket) {
  auto pattern = (std::filesystem::temp_directory_path() / "sluice-admin-XXXXXX").string();
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  AdminConfig config;
  config.bind = {{"", 0, pattern + "/admin.sock"}};
  {
    Served served(plain_suppliers(), config);
    ASSERT_TRUE(served.started());
    Client client(config.bind.path);
    client.send("GET /livez HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), HasSubstr("{\"live\":true}"));
  }
  EXPECT_FALSE(std::filesystem::exists(config.bind.path));
  std::filesystem::remove_all(pattern);
}

// What it says while the process that it is of does not serve yet would be wrong, and lost if that never does.
TEST(AdminServer, LeavesAnInheritedSocketToWhoeverHandedItOverUntilItTakesOver) {
  net::InheritedSockets none;
  auto handed = ListeningSocket::open(any_port().bind, none);
  ASSERT_TRUE(handed);
  boost::asio::io_context control;
  auto config = any_port();
  config.bind.port = handed->port();
  auto started = AdminServer::start(
      control, config, plain_suppliers(), {},
      net::InheritedSockets(std::vector<net::HandedSockets>{{kHandedAs, false, {::dup(handed->fd())}}}));
  ASSERT_TRUE(started);

  Client client(handed->port());
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(control.poll(), 0u) << "it takes the connection";
  int taken = ::accept(handed->fd(), nullptr, nullptr);
  EXPECT_GE(taken, 0);
  ::close(taken);

  control.restart();
  (*started)->take_over();
  Client next(handed->port());
  next.send("GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  std::thread serving([&] { control.run(); });
  EXPECT_THAT(next.read_to_end(), HasSubstr("200 OK"));
  control.stop();
  serving.join();
}

TEST(AdminServer, LetsOneThatSaysNothingMakeRoomBeyondItsLimit) {
  AdminLimits limits;
  limits.connections = 2;
  Served served(plain_suppliers(), any_port(), limits);
  Client first(served.port()), second(served.port());
  for (auto* client : {&first, &second}) {
    client->send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client->read_until("}\n"), HasSubstr("200 OK"));
  }

  Client third(served.port());
  third.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(third.read_until("}\n"), HasSubstr("200 OK"));

  EXPECT_EQ(first.read_to_end(), "");
  EXPECT_TRUE(first.closed());
  second.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(second.read_until("}\n"), HasSubstr("200 OK"));
}

TEST(AdminServer, LetsOneThatDoesNotReadMakeRoomBeyondItsLimit) {
  auto suppliers = plain_suppliers();
  suppliers.metrics = [](std::size_t, std::string& out) -> std::size_t {
    out.append(1 << 20, 'x');
    return 1;
  };
  AdminLimits limits;
  limits.connections = 2;
  Served served(std::move(suppliers), any_port(), limits);
  Client one(served.port()), two(served.port());
  for (Client* c : {&one, &two}) c->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (Client* c : {&one, &two}) c->read_until("\r\n\r\n");

  EXPECT_THAT(get(served.port(), "/livez"), testing::HasSubstr("200 OK"));
}

TEST(AdminServer, TakesNewConnectionsWhenOthersHaveEnded) {
  AdminLimits limits;
  limits.connections = 1;
  Served served(plain_suppliers(), any_port(), limits);

  // Each answer ends with the connection's end, so the place is free when the next one comes, or soon after.
  int answered = 0;
  for (int i = 0; i < 200 && answered < 5; ++i)
    answered += get(served.port(), "/livez").find("200 OK") != std::string::npos;

  EXPECT_EQ(answered, 5);
}

TEST(AdminServer, ClosesItsConnectionsWhenItEnds) {
  Served served;
  Client idle(served.port()), busy(served.port());
  busy.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
  busy.read_until("}\n");
  auto port = served.port();

  served.stop();

  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(busy.read_to_end(), "");
  EXPECT_TRUE(busy.closed());
  EXPECT_FALSE(Client(port).connected());
}

TEST(AdminServer, GoesOnWhenThereAreDescriptorsAgain) {
#ifdef SLUICE_ASAN
  GTEST_SKIP() << "the sanitizer needs descriptors of its own";
#endif
  std::promise<void> complained;
  base::set_log_sink([&, done = false](base::Level, std::string_view text) mutable {
    EXPECT_THAT(std::string(text), HasSubstr("cannot accept a connection now: Too many open files"));
    if (!std::exchange(done, true)) complained.set_value();
  });
  Served served;
  int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  // Nothing above the client's descriptor, which is the lowest that was free.
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(client) + 1;
  setrlimit(RLIMIT_NOFILE, &tight);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(served.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);

  complained.get_future().wait();
  setrlimit(RLIMIT_NOFILE, &before);

  EXPECT_THAT(get(served.port(), "/livez"), HasSubstr("200 OK"));
  ::close(client);
  base::set_log_sink(nullptr);
}

TEST(AdminServer, AsksNoSupplierAfterItsEnd) {
  boost::asio::io_context control;
  bool ended = false;
  Suppliers suppliers;
  suppliers.readiness = [&] {
    EXPECT_FALSE(ended);
    return Readiness{};
  };
  auto server = std::move(*AdminServer::start(control, any_port(), std::move(suppliers)));
  Client client(server->port());
  client.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // The request is on its way through the loop when the server goes.
  control.run_one_for(5s);

  server.reset();
  ended = true;
  control.run_for(1s);

  client.read_to_end();
  EXPECT_TRUE(client.closed());
}

TEST(AdminServer, MayEndBeforeTheLoopThatItUses) {
  boost::asio::io_context control;
  std::optional<Client> client;
  {
    auto server = std::move(*AdminServer::start(control, any_port(), plain_suppliers()));
    client.emplace(server->port());
    control.run_one_for(5s);
  }
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_TRUE(client->closed());
}

}  // namespace
}  // namespace sluice::admin::admin_server_test
