// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/log.h"

namespace sluice::admin::changes_test {
namespace {

using testing::HasSubstr;

struct Changed {
  Changed() {
    suppliers.change_target = [this](const TargetChange& c) {
      last = c;
      return TargetChanged{kind, "{\"target\":\"a:1\"}"};
    };
  }
  Reply patch(std::string_view body, std::string_view path = "/upstreams/orders/targets/a:1") {
    PageRequest request{"PATCH", path};
    request.body = body;
    request.peer = "uid 7";
    return change(request, suppliers);
  }
  ChangeSuppliers suppliers;
  TargetChange last;
  TargetChanged::Kind kind = TargetChanged::Kind::done;
};

TEST(Changes, ReadWhatATargetIsToBe) {
  TargetChange c;
  std::string fault;

  EXPECT_TRUE(read_target_change(R"( {"weight": 5, "drain": true, "health": "reset"} )", c, fault));

  EXPECT_TRUE(c.has_weight);
  EXPECT_EQ(c.weight, 5U);
  EXPECT_EQ(c.drain, true);
  EXPECT_TRUE(c.reset_health);
}

TEST(Changes, GiveTheWrittenWeightBack) {
  TargetChange c;
  std::string fault;

  EXPECT_TRUE(read_target_change(R"({"weight": null})", c, fault));

  EXPECT_TRUE(c.has_weight);
  EXPECT_EQ(c.weight, std::nullopt);
}

TEST(Changes, SayWhatIsWrongWithABody) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "no JSON"},
      {"{", "no JSON"},
      {"[]", "object"},
      {"{}", "says nothing"},
      {R"({"weight": 0})", "`weight`"},
      {R"({"weight": -1})", "`weight`"},
      {R"({"weight": 1.5})", "`weight`"},
      {R"({"weight": "3"})", "`weight`"},
      {R"({"weight": 1000001})", "`weight`"},
      {R"({"drain": "yes"})", "`drain`"},
      {R"({"health": "healthy"})", "`health`"},
      {R"({"wieght": 3})", "no member `wieght`"},
  };
  for (const auto& [body, fault] : cases) {
    TargetChange c;
    std::string said;
    EXPECT_FALSE(read_target_change(body, c, said)) << body;
    EXPECT_THAT(said, HasSubstr(fault)) << body;
  }
}

TEST(Changes, AreForTheTargetThatThePathNames) {
  Changed c;

  auto reply = c.patch(R"({"drain":true})", "/upstreams/my%20orders/targets/%5B::1%5D:80");

  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "{\"target\":\"a:1\"}\n");
  EXPECT_EQ(c.last.upstream, "my orders");
  EXPECT_EQ(c.last.target, "[::1]:80");
}

TEST(Changes, SayWhatThereIsNot) {
  Changed c;

  c.kind = TargetChanged::Kind::no_upstream;
  EXPECT_THAT(c.patch(R"({"drain":true})").body, HasSubstr("no upstream `orders`"));
  c.kind = TargetChanged::Kind::no_target;
  auto reply = c.patch(R"({"drain":true})");
  EXPECT_EQ(reply.status, 404);
  EXPECT_THAT(reply.body, HasSubstr("no target `a:1`"));
}

TEST(Changes, LeaveALineInTheLog) {
  Changed c;
  std::string lines;
  base::set_log_sink([&](base::Level, std::string_view line) { lines += line; });

  c.patch(R"({"weight":3,"drain":false})");

  base::set_log_sink(nullptr);
  EXPECT_EQ(lines, "admin: PATCH /upstreams/orders/targets/a:1 by uid 7: weight 3 not drained");
}

TEST(Changes, AnswerAReloadWhenItIsDone) {
  ChangeSuppliers suppliers;
  std::function<void(Reloaded)> done;
  suppliers.reload = [&](auto d) { done = std::move(d); };
  Reply late;

  auto reply = change({"POST", "/reload"}, suppliers);
  ASSERT_TRUE(reply.later);
  reply.later([&](Reply r) { late = std::move(r); });
  EXPECT_EQ(late.body, "");
  done({false, "00ff", "{\"errors\":1}"});

  EXPECT_EQ(late.status, 422);
  EXPECT_EQ(late.body, "{\"reloaded\":false,\"hash\":\"00ff\",\"diagnostics\":{\"errors\":1}}\n");
}

TEST(Changes, DrainOnceTheyAreAsked) {
  ChangeSuppliers suppliers;
  int drained = 0;
  suppliers.drain = [&] { ++drained; };
  PageRequest request{"POST", "/drain"};

  EXPECT_EQ(change(request, suppliers).status, 202);
  request.body = " { } ";
  EXPECT_EQ(change(request, suppliers).status, 202);
  request.body = "{\"grace\":1}";
  EXPECT_EQ(change(request, suppliers).status, 400);
  EXPECT_EQ(drained, 2);
}

TEST(Changes, SayWhatThisProcessCannot) {
  EXPECT_EQ(change({"POST", "/reload"}, {}).status, 501);
  EXPECT_EQ(change({"POST", "/drain"}, {}).status, 501);
}

TEST(Changes, KnowTheirPages) {
  EXPECT_EQ(methods_of_changes("/reload"), "POST");
  EXPECT_EQ(methods_of_changes("/drain"), "POST");
  EXPECT_EQ(methods_of_changes("/upstreams/a/targets/b:1"), "PATCH");
  for (auto other :
       {"/upstreams", "/upstreams/", "/upstreams/a", "/upstreams/a/targets/", "/upstreams//targets/b"})
    EXPECT_EQ(methods_of_changes(other), "") << other;
}

}  // namespace
}  // namespace sluice::admin::changes_test
