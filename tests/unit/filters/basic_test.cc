// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/base64.h"
#include "gateway/chain/password_checks.h"

#include "tests/support/chained.h"
#include "tests/support/consumers.h"

namespace sluice::filters::basic_test {
namespace {

using test::Chained;
using test::FakeExchange;
using testing::HasSubstr;

// Of the password `secret`.
constexpr const char* kHash = "$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq";

const test::Consumers& known() {
  static const std::string hash = kHash;
  static const test::Consumers all("[{name: acme, groups: partners, basic: {password: \"" + hash +
                                   "\"}}, {name: other, basic: [{username: it, password: \"" + hash +
                                   "\"}, {username: gone, password: \"" + hash +
                                   "\", expires: 2020-01-01}]}]");
  return all;
}

struct Request : FakeExchange {
  Request() { ex.consumers = &known().table; }
  Request& with(std::string_view name, std::string_view value) {
    request().fields.add(name, value);
    return *this;
  }
  std::string ask(const Chained& basic) {
    EXPECT_EQ(basic.problems, "");
    basic.ask(*this);
    for (int i = 0; i < 1000 && response().status == 0; ++i) loop.run_once(std::chrono::milliseconds(10));
    if (response().status == 204)
      return std::string(ex.identity.consumer) + " as " + std::string(ex.identity.credential);
    return std::to_string(response().status) + " " + std::string(ex.detail);
  }
  std::string ask(std::string_view yaml = "basic: {}") {
    kept_ = std::make_unique<Chained>(yaml);  // as long as there are views into it
    return ask(*kept_);
  }

 private:
  std::unique_ptr<Chained> kept_;
};

TEST(BasicFilter, TellsTheConsumerByUserAndPassword) {
  Request r;
  EXPECT_EQ(r.with("Authorization", "Basic YWNtZTpzZWNyZXQ=").ask(), "acme as acme");
  EXPECT_EQ(r.ex.identity.method, "basic");
  EXPECT_THAT(r.ex.identity.groups, testing::ElementsAre("partners"));
  EXPECT_EQ(test::lines(r.request().fields), "") << "the upstream is not told the password";
  EXPECT_EQ(Request().with("Authorization", "basic aXQ6c2VjcmV0").ask(), "other as it");
}

TEST(BasicFilter, AsksForAPassword) {
  Request r;
  EXPECT_EQ(r.ask("basic: {realm: orders}"), "401 user and password are needed");
  EXPECT_EQ(test::values(r.response().fields, "WWW-Authenticate"),
            "Basic realm=\"orders\", charset=\"UTF-8\"");
  EXPECT_EQ(Request().with("Authorization", "Bearer x").ask(), "401 user and password are needed");
}

TEST(BasicFilter, TellsNobodyWhetherTheUserOrThePasswordIsWrong) {
  const std::string wrong = "401 user or password is wrong";
  EXPECT_EQ(Request().with("Authorization", "Basic YWNtZTp3cm9uZw==").ask(), wrong);
  EXPECT_EQ(Request().with("Authorization", "Basic bm9ib2R5OnNlY3JldA==").ask(), wrong) << "nobody:secret";
  Request empty;
  empty.ex.consumers = nullptr;
  EXPECT_EQ(empty.with("Authorization", "Basic YWNtZTpzZWNyZXQ=").ask(), wrong);
}

TEST(BasicFilter, RefusesAPasswordThatHasExpired) {
  EXPECT_EQ(Request().with("Authorization", "Basic Z29uZTpzZWNyZXQ=").ask(), "401 the password has expired");
}

TEST(BasicFilter, RefusesWhatCanBeReadInTwoWays) {
  EXPECT_EQ(Request().with("Authorization", "Basic YWNtZTpzZWNyZXQ").ask(),
            "401 the credentials are not in Base64");
  EXPECT_EQ(Request().with("Authorization", "Basic").ask(), "401 the credentials behind `Basic` are missing");
  const std::string several = "401 the request has more than one Authorization field";
  EXPECT_EQ(Request()
                .with("Authorization", "Basic YWNtZTpzZWNyZXQ=")
                .with("authorization", "Basic YWNtZTpzZWNyZXQ=")
                .ask(),
            several);
  EXPECT_EQ(Request().with("Authorization", "Bearer x").with("Authorization", "Basic YWNtZTpzZWNyZXQ=").ask(),
            several);
  EXPECT_EQ(Request().with("Authorization", "Basic " + std::string(12'000, 'A')).ask(),
            "401 user and password are too long");
}

TEST(BasicFilter, RemembersThePassword) {
  Chained basic("basic: {}");
  Request first, again;
  first.with("Authorization", "Basic YWNtZTpzZWNyZXQ=").ask(basic);

  again.with("Authorization", "Basic YWNtZTpzZWNyZXQ=");
  EXPECT_EQ(basic.ask(again), 204) << "at once";
}

TEST(BasicFilter, IsUnavailableWhileTooManyPasswordsOfAUserAreCompared) {
  Chained basic("basic: {}");
  std::latch let_go(1);
  ASSERT_TRUE(test::FakeBuilder().threads()->submit([&] { let_go.wait(); }));  // its only thread
  auto guess = [](Request& r, std::size_t number) -> Request& {
    std::string credentials = base::encode_base64("acme:guess" + std::to_string(number));
    return r.with("Authorization", r.ex.arena.join("Basic ", credentials));
  };
  std::vector<std::unique_ptr<Request>> waiting;
  for (std::size_t i = 0; i < chain::PasswordChecks::kMostOfOneUser; ++i)
    EXPECT_EQ(basic.ask(guess(*waiting.emplace_back(std::make_unique<Request>()), i)), 0) << "it waits";

  Request further;
  EXPECT_EQ(basic.ask(guess(further, 100)), 503);
  EXPECT_EQ(further.ex.reason, base::Reason::auth_unavailable);

  let_go.count_down();
  for (auto& r : waiting) {
    for (int i = 0; i < 1000 && r->response().status == 0; ++i)
      r->loop.run_once(std::chrono::milliseconds(10));
    EXPECT_EQ(r->response().status, 401);
  }
}

TEST(BasicFilter, KeepsThePasswordIfItIsTold) {
  Request r;
  r.with("Authorization", "Basic YWNtZTpzZWNyZXQ=").ask("basic: {keep: true}");
  EXPECT_EQ(test::lines(r.request().fields), "Authorization: Basic YWNtZTpzZWNyZXQ=\n");
}

TEST(BasicFilter, KnowsTheUsersOfAnHtpasswdFile) {
  std::string file = "basic:\n  htpasswd: |\n    # people\n    jo:" + std::string(kHash) +
                     "\n\n    acme:" + kHash + ":Acme Corp.\n";
  EXPECT_EQ(Request().with("Authorization", "Basic am86c2VjcmV0").ask(file), " as jo");
  EXPECT_EQ(Request().with("Authorization", "Basic YWNtZTpzZWNyZXQ=").ask(file), "acme as acme")
      << "is that consumer";
  EXPECT_EQ(Request().with("Authorization", "Basic aXQ6c2VjcmV0").ask(file), "other as it")
      << "is of the list";
  EXPECT_EQ(Request().with("Authorization", "Basic am86d3Jvbmc=").ask(file), "401 user or password is wrong");
}

TEST(BasicFilter, SaysWhatIsWrongWithAnHtpasswdFile) {
  EXPECT_THAT(Chained("basic: {htpasswd: \"jo:$apr1$x$y\"}").problems,
              HasSubstr("line 1: the password of `jo` is of a kind"));
  EXPECT_THAT(Chained("basic: {htpasswd: \"# x\\njo\"}").problems, HasSubstr("line 2: is not `user:hash`"));
  EXPECT_THAT(Chained("basic: {htpasswd: \"jo:" + std::string(kHash) + "\\njo:" + kHash + "\"}").problems,
              HasSubstr("line 2: the user `jo` is there twice"));
  EXPECT_THAT(Chained("basic: {htpasswd: \"jo:topsecret\"}").problems, testing::Not(HasSubstr("topsecret")));
}

}  // namespace
}  // namespace sluice::filters::basic_test
