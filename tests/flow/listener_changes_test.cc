// SPDX-License-Identifier: Apache-2.0
// Listeners that change their names, addresses and places while clients come.
#include <gmock/gmock.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <filesystem>
#include <latch>
#include <thread>

#include "gateway/net/listen.h"

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::listener_changes_test {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;

// Routes that tell by which listener a request came.
constexpr const char* kTell = R"(
routes: [{name: tell, match: {path: /**}, respond: {status: 200, body: "${listener.name}"}}]
)";

std::string listeners(const std::string& inside) { return "listeners: {" + inside + "}\n" + kTell; }
std::string at(const std::string& name, std::uint16_t port, const std::string& ip = "127.0.0.1") {
  return name + ": \"" + ip + ":" + std::to_string(port) + "\"";
}
std::string asked_at(std::uint16_t port) { return RawClient(port).ask(get("/")).body; }

// Clients that come anew for each request, from several threads, until they are stopped.
class Coming {
 public:
  explicit Coming(const std::vector<std::uint16_t>& ports)
      : here_(static_cast<std::ptrdiff_t>(ports.size())) {
    served_.resize(ports.size());
    failed_.resize(ports.size());
    for (std::size_t i = 0; i < ports.size(); ++i)
      threads_.emplace_back([this, i, port = ports[i]] {
        bool first = true;
        while (!stop_) {
          RawClient client(port);
          ++(client.ask(get("/")).status == 200 ? served_ : failed_)[i];
          if (std::exchange(first, false)) here_.count_down();
        }
      });
    here_.wait();
  }
  // How many requests failed, by thread; each has had some answered.
  std::vector<int> failed() {
    stop_ = true;
    for (auto& t : threads_) t.join();
    EXPECT_THAT(served_, Each(Gt(0)));
    return failed_;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::latch here_;
  std::vector<int> served_, failed_;
  std::vector<std::thread> threads_;
};

TEST(ListenerChanges, OfANameKeepTheSockets) {
  Gateway gw(listeners(at("web", 0)));
  auto port = gw.port();
  RawClient idle = gw.connect();
  EXPECT_EQ(idle.ask(get("/")).body, "web");

  auto loading = gw.reload(listeners(at("edge", port)));

  EXPECT_TRUE(loading.good) << loading.diagnostics;
  EXPECT_EQ(gw.port("edge"), port);
  EXPECT_EQ(gw.port("web"), 0);
  EXPECT_EQ(asked_at(port), "edge");
  EXPECT_TRUE(idle.ended());
}

TEST(ListenerChanges, OfANameKeepTheFileOfAUnixSocket) {
  TemporaryDirectory directory;
  auto path = directory / "web.sock";
  Gateway gw(listeners("web: \"unix:" + path + "\""));

  auto loading = gw.reload(listeners("edge: \"unix:" + path + "\""));

  EXPECT_TRUE(loading.good) << loading.diagnostics;
  EXPECT_EQ(RawClient(path).ask(get("/")).body, "edge");
  EXPECT_TRUE(gw.reload(listeners(at("edge", 0))).good);
  gw.metrics();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ListenerChanges, OfTwoPortsLetThemChangePlaces) {
  Gateway gw(listeners(at("a", 0) + ", " + at("b", 0)));
  auto first = gw.port("a"), second = gw.port("b");

  auto loading = gw.reload(listeners(at("a", second) + ", " + at("b", first)));

  EXPECT_TRUE(loading.good) << loading.diagnostics;
  EXPECT_EQ(asked_at(first), "b");
  EXPECT_EQ(asked_at(second), "a");
}

TEST(ListenerChanges, OfPortsLetOneTakeThatOfAnotherWhichGoesOn) {
  Gateway gw(listeners(at("a", 0) + ", " + at("b", 0)));
  auto first = gw.port("a"), second = gw.port("b");

  auto loading = gw.reload(listeners(at("a", second) + ", " + at("b", 0, "0.0.0.0")));

  EXPECT_TRUE(loading.good) << loading.diagnostics;
  EXPECT_EQ(asked_at(second), "a");
  EXPECT_EQ(asked_at(gw.port("b")), "b");
  EXPECT_FALSE(RawClient(first).open());
}

TEST(ListenerChanges, OfTheAddressKeepThePort) {
  Gateway gw(listeners(at("web", 0, "0.0.0.0")));
  auto port = gw.port();

  for (const char* ip : {"127.0.0.1", "0.0.0.0", ""}) {
    auto loading = gw.reload(listeners(at("web", port, ip)));
    EXPECT_TRUE(loading.good) << loading.diagnostics;
    EXPECT_EQ(gw.port(), port);
    EXPECT_EQ(asked_at(port), "web");
  }
}

TEST(ListenerChanges, ThatAreRejectedLeaveTheOldOnesServing) {
  Gateway gw(listeners(at("web", 0, "0.0.0.0")));
  auto port = gw.port();
  int taken = *net::listen(*net::Address::parse("127.0.0.1", 0), 1);

  auto loading = gw.reload(listeners(at("web", port) + ", " + at("other", net::bound_to(taken).port())));
  ::close(taken);

  EXPECT_FALSE(loading.good);
  EXPECT_THAT(loading.diagnostics, HasSubstr("cannot listen on"));
  EXPECT_EQ(asked_at(port), "web");
}

TEST(ListenerChanges, RefuseAPortThatAnotherListenerKeeps) {
  Gateway gw(listeners(at("a", 0) + ", " + at("b", 0)));
  auto second = gw.port("b");

  for (const char* ip : {"127.0.0.1", "0.0.0.0"})
    EXPECT_FALSE(gw.reload(listeners(at("a", second, ip) + ", " + at("b", 0))).good) << ip;
  EXPECT_EQ(asked_at(second), "b");
}

TEST(ListenerChanges, RefuseAPortThatAnotherProcessHas) {
  Gateway gw(listeners(at("web", 0)));
  int foreign = *net::listen(*net::Address::parse("127.0.0.1", 0), 1);

  EXPECT_FALSE(gw.reload(listeners(at("web", net::bound_to(foreign).port()))).good);
  ::close(foreign);
}

TEST(ListenerChanges, WhileClientsComeFailNoneOfThem) {
  Gateway gw("workers: 2\n" + listeners(at("a", 0) + ", " + at("b", 0) + ", " + at("c", 0, "0.0.0.0")));
  auto first = gw.port("a"), second = gw.port("b"), third = gw.port("c");
  Coming clients({first, second, third, third});

  for (int i = 0; i < 30; ++i) {
    bool odd = i % 2;
    auto loading = gw.reload("workers: 2\n" +
                             listeners(at("a", odd ? second : first) + ", " + at("b", odd ? first : second) +
                                       ", " + at(odd ? "c" : "d", third, "0.0.0.0")));
    EXPECT_TRUE(loading.good) << loading.diagnostics;
  }

  EXPECT_THAT(clients.failed(), Each(0));
}

TEST(ListenerChanges, OfTheAddressWhileClientsComeFailNoneOfThem) {
  Gateway gw("workers: 2\n" + listeners(at("web", 0, "0.0.0.0")));
  auto port = gw.port();
  Coming clients({port, port, port});

  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(gw.reload("workers: 2\n" + listeners(at("web", port, i % 2 ? "0.0.0.0" : "127.0.0.1"))).good);

  EXPECT_THAT(clients.failed(), Each(0));
}

// How many connections may wait, of each socket of this process that listens at that port.
std::vector<unsigned> backlogs(std::uint16_t port) {
  std::vector<unsigned> out;
  for (int fd = 3; fd < 1024; ++fd) {
    int listens = 0;
    tcp_info info{};
    socklen_t size = sizeof listens, info_size = sizeof info;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens &&
        net::bound_to(fd).port() == port && ::getsockopt(fd, SOL_TCP, TCP_INFO, &info, &info_size) == 0)
      out.push_back(info.tcpi_sacked);
  }
  return out;
}

TEST(ListenerChanges, OfTheBacklogReachTheSocketsThatAreOpen) {
  auto with = [](const std::string& name, std::uint16_t port, int backlog) {
    return listeners(name + ": {bind: \"127.0.0.1:" + std::to_string(port) +
                     "\", backlog: " + std::to_string(backlog) + "}");
  };
  Gateway gw(with("web", 0, 100));
  auto port = gw.port();
  EXPECT_THAT(backlogs(port), ElementsAre(100));

  EXPECT_TRUE(gw.reload(with("web", 0, 50)).good);
  gw.metrics();  // the worker has done it
  EXPECT_THAT(backlogs(port), ElementsAre(50));

  EXPECT_TRUE(gw.reload(with("edge", port, 70)).good);
  gw.metrics();
  EXPECT_THAT(backlogs(port), ElementsAre(70));
  EXPECT_EQ(asked_at(port), "edge");
}

}  // namespace
}  // namespace sluice::test::listener_changes_test
