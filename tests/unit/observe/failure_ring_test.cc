// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/failure_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::observe::failure_ring_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using testing::ElementsAre;

AccessRecord record(std::string_view id, int status = 502, Reason reason = Reason::upstream_reset) {
  static int second = 0;
  AccessRecord r;
  r.time = base::WallTime(std::chrono::seconds(1'800'000'000 + ++second));
  r.request_id = id;
  r.status = status;
  r.reason = reason;
  return r;
}

std::vector<std::string> ids(const FailureRing& ring, const FailureQuery& query = {}) {
  std::vector<std::string> out;
  for (const auto& f : ring.read(query)) out.push_back(f.request_id);
  return out;
}

TEST(FailureRing, TellsWhatItWasTold) {
  FailureRing ring(8, 3);
  AttemptRecord attempts[] = {{"10.0.0.3:80", 0, Reason::upstream_connect_failed, 2ms},
                              {"10.0.0.4:80", 0, Reason::timeout_first_byte, 30s}};
  auto r = record("a", 504, Reason::timeout_first_byte);
  r.listener = "web";
  r.client_ip = "192.0.2.1";
  r.method = "GET";
  r.host = "shop.example";
  r.path = "/orders/7?token=hush";
  r.protocol = "HTTP/1.1";
  r.detail = "said nothing";
  r.route = "orders";
  r.policy_denied = "";
  r.consumer = "anna";
  r.upstream = "shop";
  r.attempts = attempts;
  r.duration = 30s;
  r.auth = 1ms;
  r.config_hash = "0123456789abcdef";

  ring.write(r);

  auto all = ring.read({});
  ASSERT_EQ(all.size(), 1U);
  const Failure& f = all.front();
  EXPECT_EQ(f.worker, 3U);
  EXPECT_EQ(f.time, r.time);
  EXPECT_EQ(f.request_id, "a");
  EXPECT_EQ(f.host, "shop.example");
  EXPECT_EQ(f.path, "/orders/7");  // a query may hold secrets
  EXPECT_EQ(f.status, 504);
  EXPECT_EQ(f.reason, Reason::timeout_first_byte);
  EXPECT_EQ(f.detail, "said nothing");
  EXPECT_EQ(f.route, "orders");
  EXPECT_EQ(f.consumer, "anna");
  EXPECT_EQ(f.upstream, "shop");
  EXPECT_EQ(f.config_hash, "0123456789abcdef");
  EXPECT_EQ(f.duration, 30s);
  EXPECT_EQ(f.auth, 1ms);
  EXPECT_EQ(f.connect, std::nullopt);
  ASSERT_EQ(f.attempts.size(), 2U);
  EXPECT_EQ(f.attempts[0].target, "10.0.0.3:80");
  EXPECT_EQ(f.attempts[0].duration, 2ms);
  EXPECT_EQ(f.attempts[1].reason, Reason::timeout_first_byte);
}

TEST(FailureRing, ForgetsTheOldestOfEachKind) {
  FailureRing ring(8, 0);  // two for what callers did wrong, six for the rest

  for (auto id : {"1", "2", "3", "4", "5", "6", "7"}) ring.write(record(id));
  for (auto id : {"a", "b", "c"}) ring.write(record(id, 404, Reason::no_route));

  EXPECT_THAT(ids(ring), ElementsAre("c", "b", "7", "6", "5", "4", "3", "2"));
}

TEST(FailureRing, KeepsItsOwnFailuresWhateverCallersDo) {
  FailureRing ring(8, 0);

  ring.write(record("ours"));
  for (int i = 0; i < 1000; ++i) ring.write(record("probe", 404, Reason::no_route));

  EXPECT_THAT(ids(ring, {"", "", "upstream_reset", 10}), ElementsAre("ours"));
}

TEST(FailureRing, FindsByIdRouteAndReason) {
  FailureRing ring(64, 0);
  const std::pair<const char*, const char*> written[] = {{"a", "x"}, {"b", "y"}, {"c", "x"}};
  for (const auto& [id, route] : written) {
    auto r = record(id);
    r.route = route;
    ring.write(r);
  }
  ring.write(record("d", 503, Reason::overload));

  EXPECT_THAT(ids(ring, {"b", "", "", 100}), ElementsAre("b"));
  EXPECT_THAT(ids(ring, {"", "x", "", 100}), ElementsAre("c", "a"));
  EXPECT_THAT(ids(ring, {"", "", "overload", 100}), ElementsAre("d"));
  EXPECT_THAT(ids(ring, {"", "", "", 2}), ElementsAre("d", "c"));
  EXPECT_THAT(ids(ring, {"z", "", "", 100}), ElementsAre());
}

TEST(FailureRing, CutsLongTextsBetweenCharacters) {
  FailureRing ring(4, 0);
  std::string id(300, 'x'), path = "/";
  while (path.size() < 2000) path += "\xc3\xa4";
  std::string target(500, 't');
  std::vector<AttemptRecord> attempts(12, AttemptRecord{target, 0, Reason::upstream_reset, 1ms});
  auto r = record(id);
  r.listener = r.client_ip = r.method = r.host = r.protocol = r.detail = r.route = r.policy_denied =
      r.consumer = r.upstream = r.config_hash = path;
  r.path = path;
  r.attempts = attempts;

  ring.write(r);

  auto f = ring.read({}).front();
  EXPECT_EQ(f.request_id, id.substr(0, 128));
  EXPECT_EQ(f.path.size(), 383U);
  EXPECT_TRUE(path.starts_with(f.path));
  EXPECT_EQ(f.attempts.size(), 10U);
  EXPECT_EQ(f.attempts.back().target, target.substr(0, 72));
}

TEST(FailureRing, IsConcernedWithFailuresOnly) {
  EXPECT_FALSE(FailureRing::concerns(Reason::none, 200));
  EXPECT_FALSE(FailureRing::concerns(Reason::none, 404));  // the upstream's answer
  EXPECT_TRUE(FailureRing::concerns(Reason::none, 500));
  EXPECT_TRUE(FailureRing::concerns(Reason::no_route, 404));
}

TEST(FailureRing, NeedsAboutTwoKibibytesForAnEntry) { EXPECT_LE(FailureRing::entry_size(), 2560U); }

}  // namespace
}  // namespace sluice::observe::failure_ring_test
