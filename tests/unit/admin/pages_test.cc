// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/admin/failed.h"

namespace sluice::admin::pages_test {
namespace {

using testing::HasSubstr;

Pages pages(std::vector<std::string>& reasons, bool any_host = false) {
  Suppliers suppliers;
  suppliers.readiness = [&reasons] { return Readiness{reasons, {}}; };
  return {std::move(suppliers), Access{any_host, {}}};
}

Reply get(Pages& pages, std::string_view target, std::string_view host = "127.0.0.1:9901") {
  return pages.answer({"GET", target, host});
}

TEST(Pages, ListThemselves) {
  std::vector<std::string> reasons;
  auto p = pages(reasons);

  auto reply = get(p, "/");

  EXPECT_EQ(reply.status, 200);
  for (auto path : {"/metrics", "/livez", "/readyz", "/startupz", "/upstreams", "/failures", "/config",
                    "/routes", "/workers", "/listeners", "/quotas", "/revocations", "/reload", "/drain"})
    EXPECT_THAT(reply.body, HasSubstr(path));
}

TEST(Pages, AreReadyWhenNothingSpeaksAgainstIt) {
  std::vector<std::string> reasons;
  auto p = pages(reasons);

  EXPECT_EQ(get(p, "/readyz").status, 200);
  EXPECT_EQ(get(p, "/readyz").body, "{\"ready\":true}\n");
}

TEST(Pages, SayWhyTheyAreNotReady) {
  std::vector<std::string> reasons = {"draining", "listener \"web\" is not bound"};
  auto p = pages(reasons);

  auto reply = get(p, "/readyz?verbose");

  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.content_type, "application/json");
  EXPECT_EQ(reply.body,
            "{\"ready\":false,\"reasons\":[\"draining\",\"listener \\\"web\\\" is not bound\"]}\n");
}

TEST(Pages, AreReadyWithNotesOfWhatDoesNotStandInTheWay) {
  Suppliers suppliers;
  suppliers.readiness = [] { return Readiness{{}, {"store shared does not answer"}}; };
  Pages p{std::move(suppliers), Access{false, {}}};

  auto reply = get(p, "/readyz");

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{\"ready\":true,\"notes\":[\"store shared does not answer\"]}\n");
}

TEST(Pages, AreLiveEvenWhenNotReady) {
  std::vector<std::string> reasons = {"draining"};
  auto p = pages(reasons);

  EXPECT_EQ(get(p, "/livez").status, 200);
}

TEST(Pages, TellOfUpstreamsAsJsonAndAsText) {
  Suppliers suppliers;
  suppliers.upstreams = [] { return UpstreamsReport{{{"orders", {}}, {"users", {}}}}; };
  Pages p{std::move(suppliers), Access{false, {}}};

  EXPECT_THAT(get(p, "/upstreams").body, HasSubstr("\"users\""));
  EXPECT_EQ(get(p, "/upstreams?upstream=orders").body.find("users"), std::string::npos);
  EXPECT_THAT(get(p, "/upstreams?as=text").body, HasSubstr("upstream  target  state"));
  EXPECT_EQ(get(p, "/upstreams?as=text&why=true&upstream=users").body, "users: there are no targets\n");
  EXPECT_EQ(get(p, "/upstreams?as=yaml").status, 400);
  auto unknown = get(p, "/upstreams?upstream=oders");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("did you mean"));
}

TEST(Pages, StayStartedOnceTheyWereReady) {
  std::vector<std::string> reasons = {"no configuration is in force"};
  auto p = pages(reasons);
  EXPECT_EQ(get(p, "/startupz").status, 503);

  reasons.clear();
  EXPECT_EQ(get(p, "/startupz").status, 200);
  reasons = {"draining"};

  EXPECT_EQ(get(p, "/startupz").status, 200);
  EXPECT_EQ(get(p, "/readyz").status, 503);
}

TEST(Pages, LeaveTheMetricsToTheSupplier) {
  std::vector<std::string> reasons;
  auto p = pages(reasons);

  auto reply = get(p, "/metrics");

  EXPECT_TRUE(reply.metrics);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST(Pages, DoNotKnowOtherPaths) {
  std::vector<std::string> reasons;
  auto p = pages(reasons);

  for (auto target : {"/nothing", "/metrics/", "", "*", "//", "/../metrics"}) {
    auto reply = get(p, target);
    EXPECT_EQ(reply.status, 404) << target;
    EXPECT_EQ(reply.content_type, "application/problem+json");
    EXPECT_THAT(reply.body, HasSubstr("\"title\":\"Not Found\",\"status\":404"));
  }
}

TEST(Pages, TakeGetAndHeadOnly) {
  std::vector<std::string> reasons;
  auto p = pages(reasons);

  for (auto method : {"POST", "PUT", "DELETE", "OPTIONS", "get"}) {
    auto reply = p.answer({method, "/metrics", ""});
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.allow, "GET, HEAD");
    EXPECT_FALSE(reply.metrics);
  }
  EXPECT_EQ(p.answer({"HEAD", "/livez", ""}).status, 200);
}

TEST(Pages, TakeTargetsInPlaceOfTheConfigurations) {
  Suppliers suppliers;
  std::string told;
  using Kind = TargetsTold::Kind;
  suppliers.targets.put = [&](std::string_view upstream, std::string list, bool persist) {
    told = std::string(upstream) + " " + list + (persist ? " persisted" : "");
    if (upstream != "orders") return TargetsTold{Kind::no_upstream};
    if (list == "bad") return TargetsTold{Kind::bad, 0, "line 1: bad"};
    if (list == "nowhere") return TargetsTold{Kind::no_place};
    if (list == "full") return TargetsTold{Kind::not_persisted, 0, "No space left on device"};
    return TargetsTold{Kind::done, 2};
  };
  suppliers.targets.forget = [](std::string_view upstream) {
    return TargetsTold{upstream == "orders" ? Kind::done : Kind::nothing};
  };
  Pages p(std::move(suppliers), Access{});
  auto ask = [&](const char* method, const char* target, const char* body = "") {
    return p.answer({method, target, "127.0.0.1", "", "", body});
  };

  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets", "[1, 2]").body, "{\"targets\":2}\n");
  EXPECT_EQ(told, "orders [1, 2]");
  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets", "bad").status, 400);
  EXPECT_THAT(ask("PUT", "/upstreams/orders/targets", "bad").body, HasSubstr("line 1: bad"));
  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets?persist=true", "[1]").body,
            "{\"targets\":2,\"persisted\":true}\n");
  EXPECT_EQ(told, "orders [1] persisted");
  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets?persist=false", "[1]").body, "{\"targets\":2}\n");
  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets?persist=yes", "[1]").status, 400);
  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets?presist=true", "[1]").status, 400);
  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets?persist=true", "nowhere").status, 409);
  EXPECT_EQ(ask("PUT", "/upstreams/orders/targets?persist=true", "full").status, 500);
  EXPECT_EQ(ask("PUT", "/upstreams/users/targets").status, 404);
  EXPECT_EQ(ask("DELETE", "/upstreams/orders/targets").status, 200);
  EXPECT_EQ(ask("DELETE", "/upstreams/users/targets").status, 404);
  EXPECT_EQ(ask("GET", "/upstreams/orders/targets").status, 405);
  EXPECT_EQ(ask("POST", "/upstreams/orders/targets").allow, "PUT, DELETE");
  EXPECT_EQ(p.answer({"PUT", "/upstreams/orders/targets", "evil.example", "", "", "[]"}).status, 421);
  EXPECT_TRUE(Pages::takes_body({"PUT", "/upstreams/orders/targets?x", ""}));
  EXPECT_FALSE(Pages::takes_body({"PUT", "/revocations", ""}));
}

TEST(Pages, AreForThoseOnlyWhoKnowThatThisIsTheirMachine) {
  std::vector<std::string> reasons;
  auto p = pages(reasons);

  for (auto host : {"127.0.0.1", "127.0.0.1:9901", "localhost", "LocalHost:1", "[::1]", "[::1]:9901", ""})
    EXPECT_EQ(get(p, "/livez", host).status, 200) << host;
  for (auto host :
       {"evil.example", "evil.example:9901", "localhost.evil.example", "127.0.0.1.evil.example", ":"})
    EXPECT_EQ(get(p, "/livez", host).status, 421) << host;
}

TEST(Pages, AskForNoHostBehindAUnixSocket) {
  std::vector<std::string> reasons;
  auto p = pages(reasons, true);

  EXPECT_EQ(get(p, "/livez", "admin").status, 200);
}

TEST(Pages, TakeNoChangesWhileAnotherProcessIsToTakeThePlace) {
  Suppliers suppliers;
  bool handing_over = true;
  suppliers.now = [] { return base::WallTime(std::chrono::seconds(1'800'000'000)); };
  suppliers.revoke = [](const chain::Revocation&) { return Revoked{}; };
  suppliers.revocations = [] { return std::size_t{1}; };
  suppliers.handing_over = [&handing_over] { return handing_over; };
  Pages p(std::move(suppliers), Access{});

  const std::pair<const char*, const char*> changes[] = {{"PUT", "/revocations?issuer=i"},
                                                         {"PUT", "/upstreams/u/targets"},
                                                         {"DELETE", "/upstreams/u/targets"},
                                                         {"PATCH", "/upstreams/u/targets/t"}};
  for (auto [method, target] : changes)
    EXPECT_EQ(p.answer({method, target, "127.0.0.1"}).status, 503) << method << " " << target;
  EXPECT_EQ(get(p, "/revocations").status, 200);

  handing_over = false;
  EXPECT_EQ(p.answer({"PUT", "/revocations?issuer=i", "127.0.0.1"}).status, 200);
}

TEST(Pages, TakeAnotherTokenFromNowOn) {
  Suppliers suppliers;
  suppliers.revocations = [] { return std::size_t{0}; };
  Pages p(std::move(suppliers), Access{false, "old"});
  auto status = [&p](std::string_view token) {
    std::string authorization = "Bearer " + std::string(token);
    PageRequest request{"GET", "/revocations", "127.0.0.1"};
    request.authorization = authorization;
    return p.answer(request).status;
  };
  EXPECT_EQ(status("old"), 200);

  p.use_token("new");

  EXPECT_EQ(status("old"), 401);
  EXPECT_EQ(status("new"), 200);
}

TEST(Pages, SayThatATokenWillComeBackWithARestart) {
  Suppliers suppliers;
  suppliers.now = [] { return base::WallTime(std::chrono::seconds(1'800'000'000)); };
  suppliers.revoke = [](const chain::Revocation&) {
    return Revoked{Revoked::Kind::not_kept, "/var/lib/sluice/revocations: No space left on device"};
  };
  Pages p(std::move(suppliers), Access{});

  auto reply = p.answer({"PUT", "/revocations?issuer=i", "127.0.0.1"});

  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, testing::HasSubstr("No space left on device"));
}

TEST(Pages, TakeTokensBack) {
  Suppliers suppliers;
  std::vector<chain::Revocation> taken;
  suppliers.now = [] { return base::WallTime(std::chrono::seconds(1'800'000'000)); };
  suppliers.revoke = [&taken](chain::Revocation r) {
    if (taken.size() == 2) return Revoked{Revoked::Kind::full};
    taken.push_back(std::move(r));
    return Revoked{};
  };
  suppliers.revocations = [&taken] { return taken.size(); };
  Pages p(std::move(suppliers), Access{});
  auto put = [&p](std::string_view target) { return p.answer({"PUT", target, "127.0.0.1"}); };

  EXPECT_EQ(put("/revocations?issuer=i&jti=j").body, "{\"revocations\":1}\n");
  EXPECT_EQ(put("/revocations?issuer=i&sub=s").status, 200);
  EXPECT_EQ(taken[0].jti, "j");
  EXPECT_EQ(taken[1].sub, "s");
  EXPECT_EQ(put("/revocations?issuer=i").status, 507);
  EXPECT_EQ(put("/revocations?jti=j").status, 400);
  EXPECT_EQ(get(p, "/revocations").body, "{\"revocations\":2}\n");
  for (auto method : {"POST", "DELETE"}) {
    auto reply = p.answer({method, "/revocations?issuer=i", "127.0.0.1"});
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(reply.allow, "GET, HEAD, PUT");
  }
  EXPECT_EQ(p.answer({"PUT", "/revocations?issuer=i", "evil.example.com"}).status, 421);
  EXPECT_EQ(put("/upstreams").status, 405);
}

// One failure, of the route `orders`.
Pages telling() {
  Suppliers suppliers;
  suppliers.failures = [](const observe::FailureQuery& q) {
    FailureReport report;
    if (q.request_id.empty() || q.request_id == "req-1") report.failures.push_back(failed());
    report.silent = q.request_id == "slow" ? 1 : 0;
    return report;
  };
  suppliers.routes = [](std::string_view name) {
    return name == "orders" || name.empty() ? std::vector{*surroundings().route} : std::vector<RouteReport>();
  };
  suppliers.config_hash = [] { return std::string("00ff"); };
  suppliers.config = [] {
    ConfigReport report;
    report.config = "{}";
    report.yaml = "version: 1\n";
    return report;
  };
  return {std::move(suppliers), Access{}};
}

TEST(Pages, TellOfFailures) {
  auto p = telling();

  EXPECT_THAT(get(p, "/failures").body, HasSubstr("req-1"));
  EXPECT_THAT(get(p, "/failures/req-1").body, HasSubstr("\"route_from\": \"gateway.yaml:7:5\""));
  auto story = get(p, "/failures/req-1?as=text");
  EXPECT_EQ(story.content_type, "text/plain; charset=utf-8");
  EXPECT_THAT(story.body, HasSubstr("504 timeout_first_byte"));
  EXPECT_EQ(get(p, "/failures/req%2d1").status, 200);
}

TEST(Pages, SayWhenNothingIsKnownOfAFailure) {
  auto p = telling();

  EXPECT_EQ(get(p, "/failures/other").status, 404);
  EXPECT_THAT(get(p, "/failures/other").body, HasSubstr("too many failures since"));
  EXPECT_THAT(get(p, "/failures/slow").body, HasSubstr("ask again"));
  EXPECT_EQ(get(p, "/failures?limit=x").status, 400);
  EXPECT_EQ(get(p, "/failures?as=text").status, 400);
}

TEST(Pages, ShowTheConfigurationInTwoForms) {
  auto p = telling();

  EXPECT_EQ(get(p, "/config").content_type, "application/json");
  EXPECT_EQ(get(p, "/config?as=yaml").body, "version: 1\n");
  EXPECT_EQ(get(p, "/config?as=toml").status, 400);
  EXPECT_EQ(get(p, "/routes").status, 200);
}

TEST(Pages, WantJsonForWhatChangesSomething) {
  Suppliers suppliers;
  suppliers.changes.drain = [] {};
  Pages p(std::move(suppliers), Access{});
  PageRequest request{"POST", "/drain", "127.0.0.1"};

  EXPECT_EQ(p.answer(request).status, 415);
  request.content_type = "text/plain";
  EXPECT_EQ(p.answer(request).status, 415);
  request.content_type = "application/json";
  EXPECT_EQ(p.answer(request).status, 202);
  request.from_browser = true;
  EXPECT_EQ(p.answer(request).status, 403);
}

TEST(Pages, SayHowSomethingIsChanged) {
  std::vector<std::string> reasons;
  auto p = pages(reasons);

  auto reply = get(p, "/reload");

  EXPECT_EQ(reply.status, 405);
  EXPECT_EQ(reply.allow, "POST");
  EXPECT_EQ(p.answer({"PUT", "/upstreams/a/targets/b:1", "127.0.0.1"}).allow, "PATCH");
}

TEST(Pages, LookAtTheBodiesOfChangesAlone) {
  EXPECT_TRUE(Pages::takes_body({"POST", "/reload"}));
  EXPECT_TRUE(Pages::takes_body({"PATCH", "/upstreams/a/targets/b:1"}));
  EXPECT_FALSE(Pages::takes_body({"GET", "/reload"}));
  EXPECT_FALSE(Pages::takes_body({"POST", "/metrics"}));
}

}  // namespace
}  // namespace sluice::admin::pages_test
