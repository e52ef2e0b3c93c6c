// SPDX-License-Identifier: Apache-2.0
// Listeners and targets on Unix sockets.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::unix_socket_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The path of a socket in a folder of the test's own.
struct Place {
  TemporaryDirectory directory;
  std::string path = directory / "web.sock";
  std::string listener(const std::string& more = "") const {
    return "listeners: {web: {bind: \"unix:" + path + "\"" + more + "}}\n";
  }
};

const std::string kToUsers = "routes: [{name: u, match: {path: /**}, to: users}]\n";

TEST(UnixListener, ServesAndSaysThatTheClientIsOnOne) {
  Place place;
  Gateway gw(place.listener() + kToUsers);
  gw.upstream("users").answers(200, "ok");
  RawClient client(place.path);

  EXPECT_THAT(client.ask(get("/a")), HasStatus(200));
  EXPECT_THAT(client.ask(get("/b", "X-Forwarded-For: 192.0.2.1\r\n")), HasStatus(200));

  EXPECT_EQ(gw.port(), 0);
  EXPECT_EQ(json_value(gw.log_line(), "client_ip"), "unix");
  EXPECT_THAT(gw.upstream("users").received(0), Not(HasSubstr("X-Forwarded-For")));
  EXPECT_THAT(gw.upstream("users").received(0), HasSubstr("X-Forwarded-Proto: http\r\n"));
}

TEST(UnixListener, CarriesLargeBodiesBothWays) {
  Place place;
  Gateway gw(place.listener() + kToUsers);
  auto body = patterned(3 << 20);
  gw.upstream("users").answers(200, body);
  RawClient client(place.path);

  auto response = client.ask(post("/", body));

  EXPECT_TRUE(response.body == body);
  EXPECT_TRUE(gw.upstream("users").request().body == body);
}

TEST(UnixListener, IsSharedByTheWorkers) {
  Place place;
  Gateway gw(place.listener() + kToUsers + "workers: 4\n");
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);

  std::vector<RawClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(place.path);
    EXPECT_THAT(clients.back().ask(get("/")), HasStatus(200)) << i;
  }

  EXPECT_EQ(before.growth("sluice_connections_total", {{"listener", "web"}}), 50);
  EXPECT_EQ(before.growth("sluice_connections", {{"listener", "web"}}), 50);
}

TEST(UnixListener, HasTheRightsOfItsSetting) {
  Place place;
  Gateway gw(place.listener(", socket: {mode: \"0622\"}") + kToUsers);

  struct stat status{};
  ASSERT_EQ(::stat(place.path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0622u);
}

TEST(UnixListener, GivesItsPlaceUpWhenItDrains) {
  Place place;
  Gateway gw(place.listener() + kToUsers);
  RawClient busy(place.path);
  busy.send(get("/"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  auto cut = gw.drain();
  while (std::filesystem::exists(place.path)) std::this_thread::yield();
  Gateway next(place.listener() + "routes: [{name: n, match: {path: /**}, respond: 204}]\n");
  target.send(ok("late"));

  EXPECT_EQ(busy.response().body, "late");
  EXPECT_EQ(cut.get(), 0u);
  EXPECT_THAT(RawClient(place.path).ask(get("/")), HasStatus(204));
}

TEST(UnixListener, IsGoneWithTheGateway) {
  Place place;
  {
    Gateway gw(place.listener() + kToUsers);
  }

  EXPECT_FALSE(std::filesystem::exists(place.path));
}

TEST(UnixListener, RefusesThePlaceOfALivingOne) {
  Place place;
  Gateway first(place.listener() + kToUsers);

  try {
    Gateway second(place.listener() + kToUsers);
    ADD_FAILURE() << "it started";
  } catch (const std::runtime_error& e) {
    EXPECT_THAT(e.what(), HasSubstr("a process listens there already"));
  }
  first.upstream("users").answers(200, "ok");
  EXPECT_THAT(RawClient(place.path).ask(get("/")), HasStatus(200));
}

TEST(UnixListener, MovesWithAReload) {
  Place old_place, new_place;
  Gateway gw(old_place.listener() + kToUsers);
  gw.upstream("users").answers(200, "ok");

  EXPECT_TRUE(gw.reload(new_place.listener() + kToUsers).good);

  EXPECT_THAT(RawClient(new_place.path).ask(get("/")), HasStatus(200));
  EXPECT_FALSE(std::filesystem::exists(old_place.path));
}

// A service on a Unix socket, one connection at a time.
struct Service {
  Place place;
  Bell bell;
  Socket listener = Socket::listen(place.path, &bell);
  std::string upstreams = "upstreams: {users: {url: \"unix:" + place.path + "\"}}\n";
  UpstreamConnection accept() { return UpstreamConnection(listener.accept(&bell), log, log->opened()); }
  std::shared_ptr<UpstreamLog> log = std::make_shared<UpstreamLog>();
};

TEST(UnixTarget, IsAskedAsLocalhostWhereNothingElseIsSaid) {
  Service service;
  Gateway gw(service.upstreams + kToUsers);
  RawClient client = gw.connect();

  client.send("GET / HTTP/1.0\r\n\r\n");
  auto target = service.accept();
  auto request = target.request();
  target.send(ok("hi", "Connection: close\r\n"));

  EXPECT_EQ(client.response().body, "hi");
  EXPECT_THAT(request, HasField("Host", "localhost"));
  auto line = gw.log_line();
  EXPECT_EQ(json_value(line, "target"), "unix:" + service.place.path);
}

TEST(UnixTarget, KeepsItsConnection) {
  Service service;
  Gateway gw(service.upstreams + kToUsers);
  RawClient client = gw.connect();
  Metrics before(gw);

  client.send(get("/1"));
  auto target = service.accept();
  EXPECT_EQ(target.request().target, "/1");
  target.send(ok("1"));
  EXPECT_EQ(client.response().body, "1");
  client.send(get("/2"));
  EXPECT_EQ(target.request().target, "/2");
  target.send(ok("2"));

  EXPECT_EQ(client.response().body, "2");
  EXPECT_EQ(before.growth("sluice_upstream_connection_reuses_total", {{"upstream", "users"}}), 1);
}

TEST(UnixTarget, ThatNobodyListensOnIsUnavailable) {
  Place place;
  Gateway gw("upstreams: {users: {url: \"unix:" + place.path + "\"}}\n" + kToUsers);

  EXPECT_THAT(gw.get("/"), Refused(502, "upstream_connect_failed"));
}

}  // namespace
}  // namespace sluice::test::unix_socket_test
