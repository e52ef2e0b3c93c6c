// SPDX-License-Identifier: Apache-2.0
// A new configuration while requests are served: all of it at once, or nothing of it.
#include <gmock/gmock.h>

#include <filesystem>
#include <latch>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"
#include "tests/support/temporary_directory.h"

namespace sluice::test::reload_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kOld = "routes: [{name: old, match: {path: /**}, to: users}]";
constexpr const char* kNew = R"(
routes: [{name: new, match: {path: /**}, use: [{headers: {response: {set: {X-Config: new}}}}], to: users}]
)";

TEST(Reload, SwapsTheRoutesOnOpenConnections) {
  Gateway gw(kOld);
  gw.upstream("users").answers(200, "ok");
  RawClient client = gw.connect();
  EXPECT_THAT(client.ask(get("/u")), HasNoField("X-Config"));
  Metrics before(gw);

  EXPECT_TRUE(gw.reload(kNew).good);

  EXPECT_THAT(client.ask(get("/u")), HasField("X-Config", "new"));
  EXPECT_EQ(gw.upstream("users").connections(), 1u) << "the pool did not survive";
  EXPECT_EQ(before.growth("sluice_config_reloads_total", {{"result", "ok"}}), 1);
  EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "new"}}), 1);
}

TEST(Reload, LetsExchangesEndAsTheyBegan) {
  Gateway gw(kOld);
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  EXPECT_TRUE(gw.reload("routes: [{name: gone, match: {path: /**}, respond: 410}]").good);
  target.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nol");
  EXPECT_THAT(gw.get("/u"), HasStatus(410));
  target.send("d!");

  EXPECT_EQ(client.response().body, "old!");
  EXPECT_THAT(client.ask(get("/u")), HasStatus(410));
  gw.log_line();
  EXPECT_EQ(json_value(gw.log_line(), "route"), "old");
}

TEST(Reload, ForgetsAConfigurationWhenItsLastExchangeEnds) {
  Gateway gw(kOld);
  RawClient client = gw.connect();
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  Metrics before(gw);

  for (int i = 0; i < 5; ++i) EXPECT_TRUE(gw.reload(i % 2 == 0 ? kNew : kOld).good);
  EXPECT_TRUE(before.becomes(2, "sluice_config_generations_alive"));
  target.send(ok("done"));
  EXPECT_EQ(client.response().body, "done");

  EXPECT_TRUE(before.becomes(1, "sluice_config_generations_alive"));
}

TEST(Reload, OfABadConfigurationChangesNothingAndSaysWhy) {
  Gateway gw(kOld);
  gw.upstream("users").answers(200, "ok");
  Metrics before(gw);
  const std::pair<const char*, const char*> bad[] = {
      {"routes: [{name: new, macth: {path: /}, to: users}]", "match"},
      {"routes: [{name: new, match: {path: /}, to: nobody}]\nupstreams: {users: {url: \"<users>\"}}",
       "nobody"},
      {"routes: [{name: a, match: {path: /x}, to: users}, {name: b, match: {path: /x}, to: users}]",
       "neither"},
      {"routes: [", "config.yaml"},
  };

  for (auto [yaml, why] : bad) {
    auto loading = gw.reload(yaml);
    EXPECT_FALSE(loading.good);
    EXPECT_THAT(loading.diagnostics, HasSubstr(why));
  }

  EXPECT_THAT(gw.get("/u"), HasStatus(200));
  EXPECT_EQ(before.growth("sluice_config_reloads_total", {{"result", "rejected"}}), 4);
  EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "old"}}), 1);
}

// The next good one would keep its state there, and would not get away from there until a restart.
TEST(Reload, ThatIsRejectedTakesNoStateDirectoryIntoUse) {
  TemporaryDirectory state;
  Gateway gw(kOld);
  gw.upstream("users").answers(200, "ok");

  auto rejected =
      gw.reload("state_directory: " + (state / "wrong") + "\naccess_log: {to: /nowhere/access.log}\n" + kOld);
  EXPECT_FALSE(rejected.good);
  EXPECT_THAT(rejected.diagnostics, HasSubstr("access_log"));
  EXPECT_FALSE(std::filesystem::exists(state / "wrong"));

  EXPECT_TRUE(gw.reload("state_directory: " + (state / "right") + "\n" + kOld).good);
  EXPECT_TRUE(std::filesystem::exists(state / "right/revocations"));
  EXPECT_FALSE(std::filesystem::exists(state / "wrong"));
  EXPECT_THAT(gw.admin("/config").body, Not(HasSubstr("wait_for_restart")));
}

TEST(Reload, WaitsForARestartWithAnotherStateDirectory) {
  TemporaryDirectory state;
  auto yaml = [&](const std::string& name) { return "state_directory: " + (state / name) + "\n" + kOld; };
  Gateway gw(yaml("first"));

  EXPECT_TRUE(gw.reload(yaml("second")).good);

  EXPECT_FALSE(std::filesystem::exists(state / "second"));
  EXPECT_THAT(gw.admin("/config").body, HasSubstr("wait_for_restart"));
  EXPECT_TRUE(gw.reload(yaml("first")).good);
  EXPECT_THAT(gw.admin("/config").body, Not(HasSubstr("wait_for_restart")));
}

TEST(Reload, OpensAndClosesListeners) {
  Gateway gw(R"(
listeners: {web: "127.0.0.1:0", leaving: "127.0.0.1:0"}
routes: [{name: u, match: {path: /**}, to: users}]
)");
  gw.upstream("users").answers(200, "ok");
  auto leaving = gw.port("leaving");
  RawClient idle = gw.connect("leaving"), unused = gw.connect("leaving");
  EXPECT_THAT(idle.ask(get("/u")), HasStatus(200));

  EXPECT_TRUE(gw.reload(R"(
listeners: {web: "127.0.0.1:0", coming: "127.0.0.1:0"}
routes: [{name: u, match: {path: /**}, to: users}]
)")
                  .good);
  gw.metrics();  // the workers have done it

  EXPECT_THAT(gw.connect("coming").ask(get("/u")), HasStatus(200));
  EXPECT_THAT(gw.connect("web").ask(get("/u")), HasStatus(200));
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(unused.ended());
  EXPECT_FALSE(RawClient(leaving).open());
}

TEST(Reload, ServesTheRequestThatAClosedListenerIsBusyWith) {
  constexpr const char* kTwo = R"(
listeners: {web: "127.0.0.1:0", leaving: "127.0.0.1:0"}
routes: [{name: u, match: {path: /**}, to: users}]
)";
  Gateway gw(kTwo);
  RawClient client = gw.connect("leaving");
  client.send(get("/u"));
  auto target = gw.upstream("users").accept();
  target.expect_request();

  EXPECT_TRUE(gw.reload(kOld).good);
  gw.metrics();
  target.send(ok("still"));

  auto answer = client.response();
  EXPECT_EQ(answer.body, "still");
  EXPECT_THAT(answer, HasField("Connection", "close"));
  EXPECT_TRUE(client.ended());
}

TEST(Reload, ChangesTheTargetsOfAnUpstream) {
  auto yaml = [](std::string_view target) {
    return "upstreams: {users: {url: \"<" + std::string(target) +
           ">\"}}\nroutes: [{name: u, match: {path: /**}, to: users}]";
  };
  Gateway gw(yaml("one"));
  gw.upstream("one").answers(200, "one");
  EXPECT_EQ(gw.get("/u").body, "one");

  EXPECT_TRUE(gw.reload(yaml("two")).good);
  gw.upstream("two").answers(200, "two");

  EXPECT_EQ(gw.get("/u").body, "two");
  EXPECT_TRUE(gw.upstream("one").closed(0)) << "an idle connection to a target that is gone";
}

TEST(Reload, TakesEffectWhenTheNamesOfItsTargetsAreKnown) {
  Gateway gw(kOld);
  Upstream named;
  named.answers(200, "named");
  std::string url = "http://localhost:" + std::to_string(named.port());

  EXPECT_TRUE(gw.reload("upstreams: {named: {url: \"" + url + "\"}}\n" +
                        "routes: [{name: n, match: {path: /**}, to: named}]")
                  .good);

  EXPECT_EQ(gw.get("/u").body, "named");
}

TEST(Reload, TellsOfWhatIsInForceUntilARestart) {
  auto yaml = [](int workers) {
    return "workers: " + std::to_string(workers) + "\nroutes: [{name: u, match: {path: /**}, respond: 200}]";
  };
  Gateway gw(yaml(1));
  EXPECT_THAT(gw.admin("/config").body, Not(HasSubstr("wait_for_restart")));

  for (int reload = 0; reload < 2; ++reload) {
    testing::internal::CaptureStderr();
    EXPECT_TRUE(gw.reload(yaml(2)).good);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("`workers` changes with a restart only: what was in force stays"));
    EXPECT_THAT(gw.admin("/config").body, AllOf(HasSubstr("\"workers\": 1"), HasSubstr("wait_for_restart")));
  }

  EXPECT_TRUE(gw.reload(yaml(1)).good);
  EXPECT_THAT(gw.admin("/config").body, Not(HasSubstr("wait_for_restart")));
}

TEST(Reload, WhileRequestsFlowFailsNoneOfThem) {
  Gateway gw(kOld);
  gw.upstream("users").answers(200, "ok");
  std::atomic<bool> stop = false;
  std::vector<int> wrong(4, 0), right(4, 0);
  std::latch flowing(4);
  auto port = gw.port();
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < wrong.size(); ++i)
    clients.emplace_back([&, i] {
      RawClient client(port);
      auto ask = [&] { ++(client.ask(get("/u")).body == "ok" ? right : wrong)[i]; };
      ask();
      flowing.count_down();
      while (!stop) ask();
    });
  flowing.wait();

  for (int i = 0; i < 100; ++i) EXPECT_TRUE(gw.reload(i % 2 == 0 ? kNew : kOld).good);
  stop = true;
  for (auto& c : clients) c.join();

  EXPECT_THAT(wrong, ::testing::Each(0));
  EXPECT_THAT(right, ::testing::Each(::testing::Gt(0)));
}

}  // namespace
}  // namespace sluice::test::reload_test
