// SPDX-License-Identifier: Apache-2.0
// Many requests at once on one connection, more than a file would want to hold.
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/gateway.h"

namespace sluice::test::pipelining_test {
namespace {

constexpr int kRequests = 5000;

TEST(Pipelining, AnswersThousandsInOrder) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]");
  gw.upstream("users").answers_by([](const Request& r) { return Answer{ok(r.target + r.body)}; });
  RawClient client = gw.connect();
  std::string all;
  for (int i = 0; i < kRequests; ++i) {
    auto target = "/" + std::to_string(i);
    all += i % 3 == 0 ? post(target, "-") : get(target);
  }

  std::thread sending([&] { client.send(all); });
  for (int i = 0; i < kRequests; ++i)
    ASSERT_EQ(client.response().body, "/" + std::to_string(i) + (i % 3 == 0 ? "-" : ""));
  sending.join();

  EXPECT_EQ(gw.upstream("users").connections(), 1u);
}

TEST(Pipelining, AnswersThousandsByItselfWithoutRunningOutOfStack) {
  Gateway gw(
      "routes: [{name: r, match: {path: /**}, respond: {body: \"${request.path}\"}}]\n"
      "access_log: off");
  RawClient client = gw.connect();
  std::string all;
  for (int i = 0; i < 10 * kRequests; ++i) all += get("/" + std::to_string(i));

  std::thread sending([&] { client.send(all); });
  for (int i = 0; i < 10 * kRequests; ++i) ASSERT_EQ(client.response().body, "/" + std::to_string(i));
  sending.join();
}

}  // namespace
}  // namespace sluice::test::pipelining_test
