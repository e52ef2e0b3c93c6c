// SPDX-License-Identifier: Apache-2.0
// Compositions of services that are slow, broken or away, and calls of other kinds than one that is awaited:
// through a gateway, as what is looked at here is what upstreams add.
#include <atomic>

#include "tests/flow/composition.h"
#include "tests/support/metrics.h"

namespace sluice::test::compose_failures_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Composition, AsksAgainAsOftenAsTheCallSays) {
  with(R"({calls: {user: {get: "users:/", as: user, retry: {attempts: 3, on: [503]}},
                   ads: {get: "users:/ads", as: ads, retry: none}}})");
  users().answers_by([busy = std::make_shared<std::atomic<int>>(0)](const Request& r) {
    if (r.target == "/ads" || ++*busy < 3) return Answer{"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"};
    return Answer{ok("1")};
  });

  auto page = gw->get("/page/7");

  EXPECT_EQ(page.body, R"({"user":1})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "ads;reason=status;status=503"));
  EXPECT_EQ(users().request_count(), 4u);
}

TEST_F(Composition, TakesAFallbackForACallThatIsLateAlone) {
  with(R"({calls: {user: {get: "users:/", as: user, timeout: 100ms, fallback: 0, fallback_on: [timeout]},
                   ads: {get: "ads:/", as: ads, fallback: 0, fallback_on: [timeout]}}})");
  users().script().expect_request().then_wait_for_close();
  ads().answers(500, "");

  auto page = gw->get("/page/7");

  EXPECT_EQ(page.body, R"({"user":0})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "user;reason=timeout;fallback, ads;reason=status;status=500"));
}

TEST(ComposedUpstreams, HaveAsLongAsTheirRoute) {
  Gateway gw(R"(
upstreams: {users: {url: <users>}, ads: {url: <ads>}}
routes: [{name: page, match: {path: /page}, timeouts: {total: 1s}, compose: {calls: {
  user: {get: "users:/", as: user}, ads: {get: "ads:/", as: ads}}}}]
)");
  gw.upstream("users").answers(200, "1");
  gw.upstream("ads").script().expect_request().then_wait_for_close();

  auto page = gw.get("/page");

  EXPECT_EQ(page.body, R"({"user":1})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "ads;reason=timeout"));
}

TEST_F(Composition, UsesAConnectionAgain) {
  with(R"({calls: {user: {get: "users:/users/${path.id}", as: user}}})");
  users().answers(200, "1");

  for (int i = 0; i < 3; ++i) EXPECT_EQ(gw->get("/page/7").body, R"({"user":1})");

  EXPECT_EQ(users().request_count(), 3u);
  EXPECT_EQ(users().connections(), 1u);
}

TEST(ComposedUpstreams, LeaveOutATargetThatAHealthCheckHasTakenOut) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: a}]");
  gw.upstream("a").answers_by([](const Request& r) {
    if (r.target == "/healthz") return Answer{"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"};
    return Answer{ok("\"a\"")};
  });
  gw.upstream("b").answers(200, "\"b\"");
  ASSERT_TRUE(gw.reload(R"(
upstreams: {users: {targets: ["<a>", "<b>"], balance: round_robin, panic_threshold: 0%, health: {path: /healthz, interval: 1h}}}
routes: [{name: page, match: {path: /page}, compose: {calls: {user: {get: "users:/x", as: user}}}}]
)")
                  .good);
  ASSERT_TRUE(
      Metrics(gw).becomes(1, "sluice_upstream_targets", {{"upstream", "users"}, {"state", "unhealthy"}}));

  for (int i = 0; i < 4; ++i) EXPECT_EQ(gw.get("/page").body, R"({"user":"b"})");

  for (const auto& r : gw.upstream("a").requests()) EXPECT_EQ(r.target, "/healthz");
}

TEST_F(Composition, IsLateIfARequiredCallIs) {
  with(R"({calls: {user: {get: "users:/", required: true, timeout: 100ms}, ads: {get: "ads:/", as: ads}}})");
  users().script().expect_request().then_wait_for_close();
  ads().answers(200, "1");

  EXPECT_THAT(gw->get("/page/7"), Refused(504, "timeout_total"));
}

TEST_F(Composition, GoesOnWithoutAServiceThatIsDead) {
  with(
      R"({calls: {user: {get: "users:/", as: user}, orders: {get: "orders:/", as: orders}, ads: {get: "ads:/", as: ads}}})");
  users().answers(200, "1");
  orders().stop_listening();
  ads().answers(200, "3");

  for (int i = 0; i < 3; ++i) {
    auto page = gw->get("/page/7");
    EXPECT_EQ(page.body, R"({"user":1,"ads":3})");
    EXPECT_THAT(page.value("Sluice-Partial"), HasSubstr("orders;reason="));
  }
}

TEST(ComposedUpstreams, AreLeftAloneWhileTheirCircuitIsOpen) {
  Gateway gw(R"(
upstreams: {users: {url: <users>}, ads: {url: <ads>, retry: none, circuit_breaker: {min_requests: 3, open: 1h}}}
routes: [{name: page, match: {path: /page}, compose: {calls: {
  user: {get: "users:/", as: user}, ads: {get: "ads:/", as: ads, fallback: []}}}}]
)");
  gw.upstream("users").answers(200, "1");
  gw.upstream("ads").answers(503, "");
  for (int i = 0; i < 3; ++i) EXPECT_THAT(gw.get("/page").value("Sluice-Partial"), HasSubstr("status=503"));

  auto page = gw.get("/page");

  EXPECT_EQ(page.body, R"({"user":1,"ads":[]})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "ads;reason=circuit_open;fallback"));
  EXPECT_EQ(gw.upstream("ads").request_count(), 3u);
}

TEST_F(Composition, ZipsListsAndPicksItems) {
  with(R"({calls: {
    user: {get: "users:/", as: items, zip: prices},
    prices: {get: "orders:/", hide: true},
    ads: {get: "ads:/", as: best, pick: "items[0].name"}}})");
  users().answers(200, R"([{"n":1},{"n":2}])");
  orders().answers(200, R"([{"price":1.50},{"price":2}])");
  ads().answers(200, R"({"items":[{"name":"pen"},{"name":"ink"}]})");

  EXPECT_EQ(gw->get("/page/7").body, R"({"items":[{"n":1,"price":1.50},{"n":2,"price":2}],"best":"pen"})");
}

// --- calls that nobody waits for

constexpr const char* kShadow = R"({calls: {user: {get: "users:/", as: user},
  copy: {post: "ads:/seen", shadow: true, json: {user: "${user}"}, forward: {headers: [X-A]}}}})";

TEST_F(Composition, WaitsForNoShadow) {
  with(kShadow);
  users().answers(200, "7");
  Metrics before(*gw);

  auto page = gw->get("/page/7", "X-A: 1\r\nX-B: 2\r\n");

  EXPECT_EQ(page.body, R"({"user":7})");
  EXPECT_THAT(page, HasNoField("Sluice-Partial"));
  auto copy = ads().accept();
  auto seen = copy.expect_request();
  EXPECT_EQ(seen.start, "POST /seen HTTP/1.1");
  EXPECT_EQ(seen.body, R"({"user":7})");
  EXPECT_THAT(seen, HasField("X-A", "1"));
  EXPECT_THAT(seen, HasNoField("X-B"));
  copy.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(before.grows_by(1, "sluice_compose_calls_total", {{"call", "copy"}, {"result", "ok"}}));
  EXPECT_EQ(before.growth("sluice_compose_responses_total", {{"result", "complete"}}), 1);
}

TEST_F(Composition, MakesNoShadowWithoutWhatItTells) {
  with(kShadow);
  users().answers(500, "");
  Metrics before(*gw);

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "upstream_status"));

  EXPECT_EQ(ads().request_count(), 0u);
  EXPECT_EQ(before.growth("sluice_compose_calls_total", {{"call", "copy"}, {"result", "reference"}}), 1);
}

// --- compositions of compositions

constexpr const char* kNested = R"yaml(
upstreams: {users: {url: <users>}, orders: {url: <orders>}}
routes:
  - name: page
    match: {path: '/page/{id}'}
    compose: {calls: {
      user: {get: "users:/users/${path.id}", as: user},
      shelf: {route: shelf, path: {owner: "${user.shelf}"}, query: {n: "2"}, as: shelf, pick: books}}}
  - name: shelf
    match: {path: '/shelf/{owner}'}
    use: [{headers: {response: {set: {X-Filter: "1"}}}}]
    compose: {calls: {
      books: {get: "orders:/books/${path.owner}?n=${query.n}&p=${query.page}", as: books, required: true, response_headers: ETag},
      notes: {get: "orders:/notes", as: notes, when: "has(query.n)"}}}
)yaml";

TEST(ComposedRoutes, AreMadeAsIfTheyWereServices) {
  Gateway gw(kNested);
  gw.upstream("users").answers(200, R"({"shelf":"a b"})", {{"Cache-Control", "public, max-age=60"}});
  gw.upstream("orders").answers(200, "[1.50]", {{"Cache-Control", "private, max-age=30"}});

  auto page = gw.get("/page/7?page=9", "Authorization: x\r\n");

  EXPECT_EQ(page.body, R"({"user":{"shelf":"a b"},"shelf":[1.50]})");
  EXPECT_THAT(page, HasField("Cache-Control", "private, max-age=30"));
  EXPECT_THAT(page, HasNoField("X-Filter"));
  EXPECT_THAT(page, HasNoField("Sluice-Partial"));
  std::string asked;
  for (const auto& r : gw.upstream("orders").requests()) asked += r.target + " ";
  EXPECT_THAT(asked, HasSubstr("/books/a%20b?n=2&p= ")) << "the query of the client is not the call's";
  EXPECT_EQ(gw.get("/shelf/x").body, R"({"books":[1.50]})");
}

TEST(ComposedRoutes, TellWhatIsMissingInThem) {
  Gateway gw(kNested);
  gw.upstream("users").answers(200, R"({"shelf":1})");
  gw.upstream("orders").answers_by([](const Request& r) {
    if (r.target == "/notes") return Answer{"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"};
    return Answer{ok("[1]")};
  });

  auto page = gw.get("/page/7");

  EXPECT_EQ(page.body, R"({"user":{"shelf":1},"shelf":[1]})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "shelf.notes;reason=status;status=500"));
  EXPECT_THAT(page, HasField("Cache-Control", "no-store"));

  gw.upstream("orders").answers(404, "none");
  EXPECT_THAT(gw.get("/page/7"), HasField("Sluice-Partial", "shelf;reason=status;status=404"));
}

TEST(ComposedRoutes, ShowTheClientThePathThatItAskedFor) {
  Gateway gw(R"yaml(
upstreams: {users: {url: <users>}}
routes:
  - name: inner
    match: {path: '/inner/{id}'}
    compose: {calls: {a: {get: "users:/a"}}, json: {uri: "${request.uri}"}}
  - name: outer
    match: {path: '/outer/**'}
    use: [{rewrite: {prefix: /internal}}]
    compose: {calls: {b: {route: inner, path: {id: x}, query: {n: "2"}}}, json: {uri: "${request.uri}", b: "${b}"}}
)yaml");
  gw.upstream("users").answers(200, "{}");

  EXPECT_EQ(gw.get("/outer/42?x=1").body, R"({"uri":"/outer/42?x=1","b":{"uri":"/outer/42?n=2"}})");
}

// A gateway with calls of two routes, `a` with those of the first text.
std::string refusal(std::string_view a, std::string_view b) {
  try {
    Gateway gw(
        "upstreams: {users: {url: <users>}}\nroutes:\n"
        "  - {name: a, match: {path: /a}, compose: {calls: {" +
        std::string(a) +
        "}}}\n"
        "  - {name: b, match: {path: '/b/{id}'}, compose: {" +
        std::string(b) +
        "}}\n"
        "  - {name: c, match: {path: /c}, respond: 204}\n");
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

TEST(ComposedRoutes, AreCheckedWhenTheyAreLoaded) {
  constexpr const char* kB = R"(calls: {y: {get: "users:/"}})";
  EXPECT_EQ(refusal("x: {route: b, path: {id: '1'}}", kB), "");
  EXPECT_THAT(refusal("x: {route: b, path: {id: '1'}}", "calls: {y: {route: a}}"),
              HasSubstr("the composition contains itself: a -> b -> a"));
  EXPECT_THAT(refusal("x: {route: a}", kB), HasSubstr("contains itself: a -> a"));
  EXPECT_THAT(refusal("x: {route: bb}", kB), HasSubstr("there is no route `bb`"));
  EXPECT_THAT(refusal("x: {route: c}", kB), HasSubstr("the route `c` has no `compose`"));
  EXPECT_THAT(refusal("x: {route: b}", kB), HasSubstr("captures `id`, which is missing here"));
  EXPECT_THAT(refusal("x: {route: b, path: {id: '1', no: '2'}}", kB), HasSubstr("captures no `no`"));
  EXPECT_THAT(refusal("x: {route: b, path: {id: '1'}, cache: 1s}", kB),
              HasSubstr("makes no sense with `route`"));
  EXPECT_THAT(refusal("x: {route: b, path: {id: '1'}}", "stream: true, " + std::string(kB)),
              HasSubstr("its answer is streamed"));
  EXPECT_THAT(
      refusal("x: {route: b, path: {id: '1'}}", R"(calls: {y: {post: "users:/", forward: {body: true}}})"),
      HasSubstr("this call has none"));
  EXPECT_THAT(refusal("x: {get: 'users:/', path: {id: '1'}}", kB), HasSubstr("there is no `route`"));
}

TEST(ComposedRoutes, AreGivenUpWhenTheyAreLate) {
  Gateway gw(R"yaml(
upstreams: {users: {url: <users>}}
routes:
  - {name: a, match: {path: /a}, compose: {calls: {x: {route: b, timeout: 100ms, as: x}, y: {get: "users:/y", as: y}}}}
  - {name: b, match: {path: /b}, compose: {calls: {z: {get: "users:/slow"}}}}
)yaml");
  auto client = gw.connect();
  client.send(get("/a"));
  for (int i = 0; i < 2; ++i) {
    auto asked = gw.upstream("users").accept();
    if (asked.expect_request().target == "/y")
      asked.send(ok("1", "Connection: close\r\n"));
    else
      asked.receive(1);
  }

  auto page = client.response();

  EXPECT_EQ(page.body, R"({"y":1})");
  EXPECT_THAT(page, HasField("Sluice-Partial", "x;reason=timeout"));
}

}  // namespace
}  // namespace sluice::test::compose_failures_test
