// SPDX-License-Identifier: Apache-2.0
// Compositions against scripted upstreams: what is asked, in which order, and what becomes of what comes.
#include <chrono>

#include "tests/flow/composition.h"
#include "tests/support/compressed.h"
#include "tests/support/consumers.h"
#include "tests/support/metrics.h"
#include "tests/support/signer.h"

namespace sluice::test::compose_test {
namespace {

using ::testing::HasSubstr;

constexpr const char* kThree = R"({calls: {
  user: {get: "users:/users/${path.id}"},
  orders: {get: "orders:/orders?user=${path.id}", as: orders, pick: data.items},
  ads: {get: "ads:/ads", as: ads}}})";

TEST_F(Composition, MergesWhatCallsAnswer) {
  with(kThree);
  users().answers(200, R"({"id": 12345678901234567890, "name": "Ann"})");
  orders().answers(200, R"({"data": {"items": [{"price": 1.50}]}, "page": 1})");
  ads().answers(200, "[]");

  auto page = gw->get("/page/7?x=1", "Authorization: secret\r\nCookie: a=b\r\n");

  EXPECT_THAT(page, HasStatus(200));
  EXPECT_THAT(page, HasField("Content-Type", "application/json"));
  EXPECT_EQ(page.body, R"({"id":12345678901234567890,"name":"Ann","orders":[{"price": 1.50}],"ads":[]})");
  EXPECT_THAT(page, HasNoField("Sluice-Partial"));
  auto asked = users().request();
  EXPECT_EQ(asked.start, "GET /users/7 HTTP/1.1");
  EXPECT_EQ(orders().request().target, "/orders?user=7");
  EXPECT_THAT(asked, HasNoField("Authorization"));
  EXPECT_THAT(asked, HasNoField("Cookie"));
}

TEST_F(Composition, IsTheSameWhateverComesFirst) {
  with(R"({calls: {a: {get: "users:/"}, b: {get: "orders:/"}, c: {get: "ads:/"}}})");
  std::string first;
  for (int order = 0; order < 6; ++order) {
    const int turns[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    auto client = gw->connect();
    client.send("GET /page/7 HTTP/1.1\r\nHost: h\r\n\r\n");
    std::vector<UpstreamConnection> asked;
    for (Upstream* u : {&users(), &orders(), &ads()}) {
      asked.push_back(u->accept());
      asked.back().expect_request();
    }
    const char* bodies[] = {R"({"x":1,"a":1})", R"({"x":2,"b":2})", R"({"x":3,"c":3})"};
    for (int i : turns[order]) {
      std::string body = bodies[i];
      asked[static_cast<std::size_t>(i)].send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " +
                                              std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    std::string body = client.response().body;
    EXPECT_EQ(body, R"({"x":3,"a":1,"b":2,"c":3})");
  }
}

TEST_F(Composition, AsksInTheOrderOfReferences) {
  with(R"({calls: {
    user: {get: "users:/users/${path.id}", required: true, hide: true},
    orders: {get: "orders:/${user.kind}/orders", query: {owner: "${user.ids}"}, headers: {X-Name: "${user.name}"}, as: orders},
    ad: {post: "ads:/ad", json: {user: "${user}", first: "${orders[0].id}", text: "for ${user.name}"}, as: ad}}})");
  users().answers(200, R"({"kind": "a b/c", "ids": [1, 2.0], "name": "Ann \"A\""})");
  orders().answers(200, R"([{"id": 99999999999999999999}])");
  ads().answers(200, "true");

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "response_invalid"));
  // A slash in a value does not make a path of it.
  EXPECT_EQ(orders().request_count(), 0u);

  users().answers(200, R"({"kind": "a b", "ids": [1, 2.0], "name": "Ann \"A\""})");
  auto page = gw->get("/page/7");
  EXPECT_EQ(page.body, R"({"orders":[{"id": 99999999999999999999}],"ad":true})");
  EXPECT_EQ(orders().request().target, "/a%20b/orders?owner=1,2.0");
  EXPECT_THAT(orders().request(), HasField("X-Name", "Ann \"A\""));
  auto ad = ads().request();
  EXPECT_EQ(ad.body,
            R"({"user":{"kind": "a b", "ids": [1, 2.0], "name": "Ann \"A\""},"first":99999999999999999999,)"
            R"("text":"for Ann \"A\""})");
  EXPECT_THAT(ad, HasField("Content-Type", "application/json"));
}

// Settings that say whether all calls were answered; `last` is for the third.
std::string reporting(const std::string& last) {
  return R"({errors: errors, completed_header: X-Completed, data: {partial: {notice: 1}, complete: {all: 1}}, calls: {
    user: {get: "users:/", as: user}, orders: {get: "orders:/", as: orders}, ads: {get: "ads:/", as: ads)" +
         last + "}}}";
}

TEST_F(Composition, GivesWhatThereIs) {
  with(reporting(", timeout: 100ms"));
  users().answers(200, "1");
  orders().answers(500, "oops");
  ads().script().then_wait_for_close();

  auto page = gw->get("/page/7");

  EXPECT_THAT(page, HasStatus(200));
  EXPECT_EQ(
      page.body,
      R"({"user":1,"notice":1,"errors":{"orders":{"status":500,"reason":"status"},"ads":{"reason":"timeout"}}})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "orders;reason=status;status=500, ads;reason=timeout"));
  EXPECT_THAT(page, HasField("X-Completed", "false"));
  EXPECT_THAT(page, HasField("Cache-Control", "no-store"));
}

TEST_F(Composition, TellsThatAllIsThere) {
  with(reporting(""));
  users().answers(200, "1");
  orders().answers(200, "2");
  ads().answers(200, "3");

  auto page = gw->get("/page/7");

  EXPECT_EQ(page.body, R"({"user":1,"orders":2,"ads":3,"all":1})");
  EXPECT_THAT(page, HasField("X-Completed", "true"));
}

TEST_F(Composition, TakesFallbacks) {
  with(R"({calls: {
    user: {get: "users:/", as: user},
    orders: {get: "orders:/", as: orders, fallback: [], fallback_on: ["404"]},
    ads: {get: "ads:/", as: ads, fallback: {none: true}}}})");
  users().answers(200, "1");
  orders().answers(404, "");
  ads().answers_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\"", true);

  auto page = gw->get("/page/7");

  EXPECT_EQ(page.body, R"({"user":1,"orders":[],"ads":{"none":true}})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "ads;reason=upstream_reset;fallback"));
}

constexpr const char* kRequired = R"({calls: {
  user: {get: "users:/", required: true}, orders: {get: "orders:/", as: orders}}})";

TEST_F(Composition, PassesTheRefusalOfARequiredCallOn) {
  with(kRequired);
  users().answers(404, "{\"no\":1}", {{"Content-Type", "application/problem+json"}});
  orders().answers(200, "1");

  auto page = gw->get("/page/7");

  EXPECT_THAT(page, HasStatus(404));
  EXPECT_EQ(page.body, "{\"no\":1}");
  EXPECT_THAT(page, HasField("Content-Type", "application/problem+json"));
}

TEST_F(Composition, FailsWithARequiredCallAndGivesTheOthersUp) {
  with(kRequired);
  users().answers_by([&other = orders()](const Request&) {
    other.request();  // it is under way
    return Answer{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"};
  });
  orders().script().expect_request().then_wait_for_close();

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "upstream_status"));
  EXPECT_TRUE(orders().closed(0));
}

TEST_F(Composition, IsNoSuccessIfEverythingFailed) {
  with(kThree);
  users().stop_listening();
  orders().answers(500, "");
  ads().answers(200, "no json");

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "upstream_connect_failed"));
}

TEST_F(Composition, IsNoSuccessIfNoServiceListens) {
  with(kThree);
  for (Upstream* u : {&users(), &orders(), &ads()}) u->stop_listening();

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "upstream_connect_failed"));
}

TEST_F(Composition, IsNoSuccessIfOnlyWhatIsHiddenArrived) {
  with(R"({calls: {user: {get: "users:/", hide: true}, orders: {get: "orders:/${user.id}", as: orders},
                   ads: {get: "ads:/", as: ads}}})");
  users().answers(200, R"({"id":1})");
  orders().answers(500, "");
  ads().answers(404, "");

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "upstream_status"));
}

TEST_F(Composition, EndsAtItsDeadline) {
  with(R"({timeout: 1s, calls: {user: {get: "users:/", as: user}, orders: {get: "orders:/", as: orders}}})");
  users().answers(200, "1");
  orders().script().expect_request().then_wait_for_close();

  auto page = gw->get("/page/7");

  EXPECT_EQ(page.body, R"({"user":1})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "orders;reason=timeout"));
  EXPECT_TRUE(orders().closed(0));
}

TEST_F(Composition, CancelsAllCallsWhenTheClientLeaves) {
  with(kThree);
  for (Upstream* u : {&users(), &orders(), &ads()}) u->script().expect_request().then_wait_for_close();
  {
    auto client = gw->connect();
    client.send("GET /page/7 HTTP/1.1\r\nHost: h\r\n\r\n");
    for (Upstream* u : {&users(), &orders(), &ads()}) u->request();
  }

  for (Upstream* u : {&users(), &orders(), &ads()}) EXPECT_TRUE(u->closed(0));
  EXPECT_THAT(gw->log_line(), HasSubstr("client_closed"));
}

TEST_F(Composition, MakesCallsOnlyIfTheirConditionHolds) {
  with(R"yaml({calls: {
    user: {get: "users:/", as: user},
    orders: {get: "orders:/", as: orders, when: "user.tier == 'gold' && !has(query.brief)"},
    ads: {get: "ads:/${orders[0]}", as: ads}}})yaml");
  users().answers(200, R"({"tier":"gold"})");
  orders().answers(200, "[7]");
  ads().answers(200, "1");

  EXPECT_EQ(gw->get("/page/7").body, R"({"user":{"tier":"gold"},"orders":[7],"ads":1})");
  auto brief = gw->get("/page/7?brief=1");
  EXPECT_EQ(brief.body, R"({"user":{"tier":"gold"}})");
  EXPECT_THAT(brief, HasNoField("Sluice-Partial"));
  EXPECT_EQ(orders().request_count(), 1u);
}

TEST_F(Composition, FansOutAndJoins) {
  with(R"({calls: {
    orders: {get: "orders:/", as: orders, join: {on: owner, with: users.id, as: owner}},
    users: {each: "${orders[].owner}", get: "users:/u/${each}", concurrency: 2, hide: true}}})");
  orders().answers(200, R"([{"id":1,"owner":7},{"id":2,"owner":8},{"id":3,"owner":7},{"id":4}])");
  users().answers_by([](const Request& r) {
    std::string id = r.target.substr(3);
    std::string body = "{\"id\":" + id + ",\"name\":\"n" + id + "\"}";
    return Answer{"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
  });

  EXPECT_EQ(gw->get("/page/7").body,
            R"({"orders":[{"id":1,"owner":{"id":7,"name":"n7"}},{"id":2,"owner":{"id":8,"name":"n8"}},)"
            R"({"id":3,"owner":{"id":7,"name":"n7"}},{"id":4,"owner":null}]})");
  EXPECT_EQ(users().request_count(), 2u);
}

TEST_F(Composition, AsksInBatches) {
  with(R"({calls: {
    orders: {get: "orders:/", hide: true},
    users: {each: "${orders[].owner}", get: "users:/u?ids=${each}", batch: 2, as: users}}})");
  orders().answers(200, R"([{"owner":7},{"owner":8},{"owner":"x,y"}])");
  users().answers_by([](const Request& r) {
    std::string body = "[\"" + r.target.substr(7) + "\"]";
    return Answer{"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body};
  });

  EXPECT_EQ(gw->get("/page/7").body, R"({"users":["7,8","x%2Cy"]})");
}

TEST_F(Composition, ShapesWhatItMerges) {
  with(R"({calls: {
    user: {get: "users:/", only: [id, mail, "tags[].name"], rename: {mail: email}, move: {id: meta.id}},
    orders: {get: "orders:/", drop: secret, as: more.orders}}})");
  users().answers(200, R"({"id":1,"mail":"a@b","pw":"x","tags":[{"name":"n","x":1}]})");
  orders().answers(200, R"({"a":1,"secret":2})");

  EXPECT_EQ(gw->get("/page/7").body,
            R"({"email":"a@b","tags":[{"name":"n"}],"meta":{"id":1},"more":{"orders":{"a":1}}})");
}

TEST_F(Composition, FillsATemplate) {
  with(
      R"({json: {name: "Dear ${user.name}", first: "${orders[0]}", none: "${ads}", host: "${request.host}"}, calls: {
    user: {get: "users:/"}, orders: {get: "orders:/"}, ads: {get: "ads:/"}}})");
  users().answers(200, R"({"name":"A\"nn"})");
  orders().answers(200, "[1.0]");
  ads().answers(500, "");

  auto page = gw->get("/page/7");
  EXPECT_THAT(page.body, HasSubstr(R"({"name":"Dear A\"nn","first":1.0,"none":null,"host":")"));
}

TEST_F(Composition, PassesOneAnswerThroughUntouched) {
  with(R"({raw: report, calls: {
    token: {get: "users:/token", hide: true, required: true},
    report: {get: "orders:/report", headers: {Authorization: "Bearer ${token.access_token}"}}}})");
  users().answers(200, R"({"access_token":"t0"})");
  orders().answers(200, "%PDF", {{"Content-Type", "application/pdf"}});

  auto report = gw->get("/page/7");

  EXPECT_EQ(report.body, "%PDF");
  EXPECT_THAT(report, HasField("Content-Type", "application/pdf"));
  EXPECT_THAT(orders().request(), HasField("Authorization", "Bearer t0"));
}

TEST_F(Composition, ForwardsWhatIsListed) {
  with(R"({calls: {
    user: {get: "users:/", as: user, forward: {headers: [Authorization], query: [page]}},
    orders: {post: "orders:/", as: orders, forward: {body: true}},
    ads: {get: "ads:/", as: ads, forward: all, response_headers: [Set-Cookie]}}})");
  for (Upstream* u : {&users(), &orders()}) u->answers(200, "1", {{"Set-Cookie", "no=1"}});
  ads().answers(200, "1", {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}});

  auto page = gw->post("/page/7?page=a%20b&x=2", "{\"in\":1}",
                       "Authorization: a\r\nAccept-Language: de\r\nContent-Type: application/json\r\n");

  EXPECT_EQ(users().request().target, "/?page=a%20b");
  EXPECT_THAT(users().request(), HasField("Authorization", "a"));
  EXPECT_THAT(users().request(), HasNoField("Accept-Language"));
  EXPECT_EQ(orders().request().body, "{\"in\":1}");
  EXPECT_THAT(orders().request(), HasField("Content-Type", "application/json"));
  EXPECT_EQ(ads().request().target, "/?page=a%20b&x=2");
  EXPECT_THAT(ads().request(), HasField("Accept-Language", "de"));
  EXPECT_EQ(page.count("Set-Cookie"), 2u);
  EXPECT_THAT(page, HasField("Set-Cookie", "a=1"));
}

TEST_F(Composition, MayBeKeptNoLongerThanItsParts) {
  with(kThree);
  users().answers(200, "{}", {{"Cache-Control", "public, max-age=60"}});
  orders().answers(200, "{}", {{"Cache-Control", "max-age=100"}, {"Age", "70"}});
  ads().answers(200, "{}", {{"Cache-Control", "private, max-age=300"}});

  EXPECT_THAT(gw->get("/page/7"), HasField("Cache-Control", "private, max-age=30"));
}

TEST_F(Composition, TellsHowLongCallsTook) {
  with(R"({server_timing: true, calls: {user: {get: "users:/"}}})");
  users().answers(200, "{}");

  EXPECT_THAT(gw->get("/page/7"), HasField("Server-Timing", HasSubstr("user;dur=")));
}

TEST_F(Composition, TakesEmptyAnswersForNull) {
  with(R"({calls: {user: {get: "users:/", as: user}, orders: {get: "orders:/"}}})");
  users().answers_with("HTTP/1.1 204 No Content\r\n\r\n");
  orders().answers(200, "");

  EXPECT_EQ(gw->get("/page/7").body, R"({"user":null})");
}

TEST_F(Composition, TellsOfWhatCannotBeMerged) {
  with(R"({on_conflict: error, calls: {user: {get: "users:/"}, orders: {get: "orders:/"}}})");
  users().answers(200, R"({"id":1})");
  orders().answers(200, R"({"id":2})");

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "response_invalid"));
  EXPECT_THAT(gw->log_line(), HasSubstr("both gave"));
}

TEST_F(Composition, CountsAsFailedWhatItCannotRead) {
  with(
      R"({calls: {user: {get: "users:/", as: user}, orders: {get: "orders:/", as: orders, expect: object, max_body: 4KiB}}})");
  users().answers(200, "1");
  auto partial = [this] { return gw->get("/page/7").value("Sluice-Partial"); };
  for (std::string body : {std::string("{\"a\":1}{}"), std::string("\"\xFF\""), std::string(1100, '['),
                           std::string("[]"), std::string("7")}) {
    orders().answers(200, body);
    EXPECT_EQ(partial(), "orders;reason=invalid;status=200") << body;
  }
  orders().answers(302, "", {{"Location", "/elsewhere"}});
  EXPECT_EQ(partial(), "orders;reason=status;status=302");
  orders().answers(200, std::string(5000, ' '));
  EXPECT_EQ(partial(), "orders;reason=response_invalid");
  orders().answers(200, R"({"n":1e999,"n":2})");
  EXPECT_EQ(gw->get("/page/7").body, R"({"user":1,"orders":{"n":1e999,"n":2}})");
}

TEST_F(Composition, DecodesWhatWasCodedThoughNobodyAsked) {
  with(
      R"({calls: {user: {get: "users:/", as: user, forward: all}, feed: {get: "ads:/", as: feed, format: xml}}})");
  users().answers(200, compressed(R"({"a": 1.50})", Wrapping::gzip), {{"Content-Encoding", "gzip"}});
  ads().answers(200, compressed("<a>x</a>", Wrapping::zlib), {{"Content-Encoding", "deflate"}});

  auto page = gw->get("/page/7", "Accept-Encoding: gzip\r\n");

  EXPECT_EQ(page.body, R"({"user":{"a": 1.50},"feed":{"a":"x"}})");
  EXPECT_THAT(page, HasNoField("Content-Encoding"));
  EXPECT_THAT(users().request(), HasNoField("Accept-Encoding"));
  EXPECT_THAT(ads().request(), HasNoField("Accept-Encoding"));
}

TEST_F(Composition, TakesNoMoreOfACodedAnswerThanOfAnother) {
  with(
      R"({errors: errors, calls: {user: {get: "users:/", as: user}, orders: {get: "orders:/", as: orders, max_body: 64KiB}}})");
  users().answers(200, "1");
  auto failure = [this] { return gw->get("/page/7").value("Sluice-Partial"); };
  std::string bomb = compressed("[" + std::string(50'000'000, ' ') + "]", Wrapping::gzip);
  for (auto [body, coding] : {std::pair(bomb, "gzip"), std::pair(bomb.substr(0, 100), "gzip"),
                              std::pair(std::string("{}"), "br"), std::pair(bomb, "gzip, gzip")}) {
    orders().answers(200, body.substr(0, 60'000), {{"Content-Encoding", coding}});
    EXPECT_EQ(failure(), "orders;reason=invalid;status=200") << coding;
  }
}

TEST_F(Composition, DecodesARefusalThatItPassesOn) {
  with(kRequired);
  users().answers(404, compressed("{\"no\":1}", Wrapping::gzip),
                  {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}});
  orders().answers(200, "1");

  auto page = gw->get("/page/7");

  EXPECT_THAT(page, HasStatus(404));
  EXPECT_EQ(page.body, "{\"no\":1}");
  EXPECT_THAT(page, HasNoField("Content-Encoding"));
}

TEST_F(Composition, PassesTheStateOfAClientsCopyThrough) {
  with(R"({raw: report, calls: {report: {get: "orders:/report", forward: {headers: [If-None-Match]}}}})");
  orders().answers_with("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");

  auto report = gw->get("/page/7", "If-None-Match: \"1\"\r\n");

  EXPECT_THAT(report, HasStatus(304));
  EXPECT_THAT(report, HasField("ETag", "\"1\""));
  EXPECT_THAT(orders().request(), HasField("If-None-Match", "\"1\""));
}

TEST_F(Composition, TellsWhatServicesSaidAboutTheirFailures) {
  with(
      R"({errors: errors, error_bodies: true, calls: {user: {get: "users:/", as: user}, orders: {get: "orders:/", as: orders},
    ads: {get: "ads:/", as: ads}}})");
  users().answers(200, "1");
  orders().answers(409, R"({"code": 1.0})");
  ads().answers(500, "it \"broke\"");

  EXPECT_EQ(gw->get("/page/7").body,
            R"({"user":1,"errors":{"orders":{"status":409,"reason":"status","body":{"code": 1.0}},)"
            R"("ads":{"status":500,"reason":"status","body":"it \"broke\""}}})");
}

TEST_F(Composition, CountsItsCallsAndAnswers) {
  with(
      R"yaml({calls: {user: {get: "users:/", as: user, required: true}, orders: {get: "orders:/", as: orders},
    ads: {get: "ads:/${orders.id}", as: ads, when: "has(query.ads)"}}})yaml");
  users().answers(200, "1");
  orders().answers(200, "[]");
  Metrics before(*gw);
  auto calls = [&before](std::string_view call, std::string_view result) {
    return before.growth("sluice_compose_calls_total",
                         {{"route", "page"}, {"call", std::string(call)}, {"result", std::string(result)}});
  };
  auto answers = [&before](std::string_view result) {
    return before.growth("sluice_compose_responses_total",
                         {{"route", "page"}, {"result", std::string(result)}});
  };

  gw->get("/page/7");
  EXPECT_EQ(answers("complete"), 1);
  EXPECT_EQ(calls("user", "ok"), 1);
  EXPECT_EQ(calls("ads", "skipped"), 1);
  gw->get("/page/7?ads=1");
  EXPECT_EQ(answers("partial"), 1);
  EXPECT_EQ(calls("ads", "reference"), 1);
  orders().answers(200, "x");
  gw->get("/page/7");
  EXPECT_EQ(calls("orders", "invalid"), 1);
  users().answers(404, "");
  gw->get("/page/7");

  EXPECT_EQ(answers("failed"), 1);
  EXPECT_EQ(answers("partial"), 2);
  EXPECT_EQ(calls("user", "ok"), 3);
  EXPECT_EQ(calls("user", "status"), 1);
  EXPECT_EQ(
      before.growth("sluice_compose_call_duration_seconds_count", {{"route", "page"}, {"call", "user"}}), 4);
  EXPECT_EQ(before.growth("sluice_compose_call_duration_seconds_count", {{"route", "page"}, {"call", "ads"}}),
            0);
}

TEST_F(Composition, GivesAnswersAgainToRequestsThatSayTheSame) {
  with(
      R"({calls: {user: {get: "users:/users/${path.id}", cache: 1h, pick: data, expect: object, forward: {headers: [Authorization]}}}})");
  users().answers(200, R"({"data": {"a": 1}})", {{"Cache-Control", "max-age=600"}, {"Age", "100"}});
  Metrics before(*gw);

  for (int i = 0; i < 3; ++i) {
    auto page = gw->get("/page/7", "Authorization: ann\r\n");
    EXPECT_EQ(page.body, R"({"a":1})");
    EXPECT_THAT(page, HasField("Cache-Control", ::testing::StartsWith("private, max-age=")));
  }

  EXPECT_EQ(users().request_count(), 1u);
  EXPECT_EQ(before.growth("sluice_compose_calls_total", {{"call", "user"}, {"result", "cached"}}), 2);
  gw->get("/page/7", "Authorization: bob\r\n");
  EXPECT_EQ(users().request_count(), 2u);
  gw->get("/page/7");
  EXPECT_EQ(users().request_count(), 3u);
  gw->get("/page/8");
  EXPECT_EQ(users().request_count(), 4u);
}

// A client that names a host of its own must not choose what others are answered, whatever the service makes
// of that name.
TEST_F(Composition, TellsNothingOfTheClientToWhomeverItKeepsAnAnswerOf) {
  with(R"({calls: {user: {get: "users:/", as: user, cache: 1h}, ads: {get: "ads:/", as: ads}}})");
  auto echo = [](const Request& r) { return Answer{ok("\"" + r.value("X-Forwarded-Host") + "\"")}; };
  users().answers_by(echo);
  ads().answers_by(echo);
  auto asked_for = [this](std::string_view host) {
    return gw->ask("GET /page/7 HTTP/1.1\r\nHost: " + std::string(host) + "\r\nX-Request-ID: of-mine\r\n\r\n")
        .body;
  };

  EXPECT_EQ(asked_for("evil.example"), R"({"user":"","ads":"evil.example"})");
  EXPECT_EQ(asked_for("good.example"), R"({"user":"","ads":"good.example"})");

  EXPECT_EQ(users().request_count(), 1u);
  auto seen = users().request();
  for (auto name : {"X-Forwarded-Host", "X-Forwarded-For", "X-Request-ID"})
    EXPECT_THAT(seen, HasNoField(name));
  EXPECT_THAT(seen, HasField("X-Forwarded-Proto", ads().request().value("X-Forwarded-Proto")));
  EXPECT_THAT(seen, HasField("Host", users().url().substr(7)));
}

TEST_F(Composition, AsksAgainForWhatMustNotBeKept) {
  with(R"({calls: {user: {get: "users:/", as: user, cache: 1h}}})");
  std::size_t asked = 0;
  for (std::string_view no : {"no-store", "private, max-age=60", "no-cache", "max-age=0"}) {
    users().answers(200, "1", {{"Cache-Control", std::string(no)}});
    for (int i = 0; i < 2; ++i) gw->get("/page/7");
    EXPECT_EQ(users().request_count(), asked += 2) << no;
  }
  users().answers(200, "1", {{"Set-Cookie", "a=b"}});
  for (int i = 0; i < 2; ++i) gw->get("/page/7");
  EXPECT_EQ(users().request_count(), asked += 2);
  users().answers(500, "1");
  for (int i = 0; i < 2; ++i) gw->get("/page/7");
  EXPECT_EQ(users().request_count(), asked + 2);
}

TEST_F(Composition, KeepsTheAnswersForEachItemOfAList) {
  with(
      R"({calls: {ids: {get: "orders:/", hide: true}, users: {each: "${ids[]}", get: "users:/u/${each}", cache: 1h, as: users}}})");
  users().answers_by([](const Request& r) { return Answer{ok(r.target.substr(3))}; });
  orders().answers(200, "[1,2]");
  EXPECT_EQ(gw->get("/page/7").body, R"({"users":[1,2]})");

  orders().answers(200, "[2,3]");

  EXPECT_EQ(gw->get("/page/7").body, R"({"users":[2,3]})");
  EXPECT_EQ(users().request_count(), 3u);
}

TEST_F(Composition, AsksOnceMoreIfAnAnswerIsLate) {
  with(R"({calls: {user: {get: "users:/", as: user, hedge: 1s}}})");
  users().script().expect_request().then_wait_for_close();
  users().answers(200, "1");
  Metrics before(*gw);

  EXPECT_EQ(gw->get("/page/7").body, R"({"user":1})");

  EXPECT_TRUE(users().closed(0));
  EXPECT_EQ(before.growth("sluice_upstream_hedges_total", {{"upstream", "users"}, {"result", "won"}}), 1);
  EXPECT_EQ(gw->get("/page/7").body, R"({"user":1})");
  EXPECT_EQ(users().request_count(), 3u);
}

TEST_F(Composition, TakesNoFailureOfASecondRequestForAnAnswer) {
  with(R"({calls: {user: {get: "users:/", as: user, hedge: 100ms}}})");
  auto client = gw->connect();
  client.send(get("/page/7"));
  auto first = users().accept();
  first.expect_request();
  auto second = users().accept();
  second.expect_request();
  second.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  first.send(ok("1"));

  EXPECT_EQ(client.response().body, R"({"user":1})");
}

TEST_F(Composition, ReadsXml) {
  with(
      R"({calls: {feed: {get: "ads:/feed", format: xml, xml_lists: item, pick: rss.channel.item, as: news}}})");
  ads().answers(200, "<rss><channel><item><title>A &amp; B</title></item></channel></rss>");

  EXPECT_EQ(gw->get("/page/7").body, R"({"news":[{"title":"A & B"}]})");
  EXPECT_THAT(ads().request(), HasField("Accept", "application/xml, text/xml"));
}

TEST_F(Composition, HandlesLargeLists) {
  with(R"({calls: {user: {get: "users:/", as: items, only: "[].id", rename: {"[].id": n}}}})");
  std::string list = "[";
  for (int i = 0; i < 100'000; ++i)
    list += (i ? ",{\"id\":" : "{\"id\":") + std::to_string(i) + ",\"x\":\"y\"}";
  users().answers(200, list + "]");

  auto page = gw->get("/page/7");

  EXPECT_THAT(page, HasStatus(200));
  EXPECT_TRUE(page.body.ends_with(R"({"n":99999}]})"));
}

// --- who calls

TEST(ComposedForConsumers, TellServicesWhoCalls) {
  Gateway gw("consumers: [{name: acme, api_keys: [{key: \"" + digest_of("secret") + R"("}]}]
upstreams: {users: {url: <users>}}
routes:
  - name: page
    match: {path: /page}
    use: [{api_key: {header: X-Api-Key}}]
    compose: {calls: {
      user: {get: "users:/of/${consumer.id}", query: {who: "${consumer.id}"}, headers: {X-Who: "${consumer.id}"}, as: user}}}
)");
  gw.upstream("users").answers(200, "1");

  auto page = gw.get("/page", "X-Api-Key: secret\r\n");

  EXPECT_EQ(page.body, R"({"user":1})");
  auto asked = gw.upstream("users").request();
  EXPECT_EQ(asked.target, "/of/acme?who=acme");
  EXPECT_THAT(asked, HasField("X-Who", "acme"));
}

TEST(ComposedForConsumers, TellServicesWhatATokenClaims) {
  Upstream idp;
  Signer issuer("ES256", "a");
  idp.answers(200, issuer.jwks());
  Gateway gw(R"(
upstreams: {users: {url: <users>}}
routes:
  - name: page
    match: {path: /page}
    use: [{jwt: {issuer: "https://idp", audience: api, jwks: ")" +
             idp.url() + R"(/keys"}}]
    compose: {calls: {
      user: {get: "users:/of/${claim.sub}", query: {who: "${claim.sub}"}, headers: {X-Who: "${claim.sub}"}, as: user}}}
)");
  gw.upstream("users").answers(200, "1");
  auto now = std::chrono::system_clock::now().time_since_epoch();
  auto expiry = std::chrono::duration_cast<std::chrono::seconds>(now).count() + 600;
  auto token = issuer.token(R"({"iss":"https://idp","aud":"api","sub":"alice/b","exp":)" +
                            std::to_string(expiry) + "}");

  auto refused = gw.get("/page", "Authorization: Bearer " + token + "\r\n");
  EXPECT_THAT(refused, Refused(400, "validation")) << "a slash in a value does not make a path of it";
  token =
      issuer.token(R"({"iss":"https://idp","aud":"api","sub":"a b","exp":)" + std::to_string(expiry) + "}");
  auto page = gw.get("/page", "Authorization: Bearer " + token + "\r\n");

  EXPECT_EQ(page.body, R"({"user":1})");
  auto asked = gw.upstream("users").request();
  EXPECT_EQ(asked.target, "/of/a%20b?who=a%20b");
  EXPECT_THAT(asked, HasField("X-Who", "a b"));
  EXPECT_THAT(asked, HasNoField("Authorization"));
}

}  // namespace
}  // namespace sluice::test::compose_test
