// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/access.h"

#include <gtest/gtest.h>

namespace sluice::admin::access_test {
namespace {

const Access kOpen{};
const Access kTokened{false, "0123456789abcdef"};

int status(const PageRequest& request, const Access& access) {
  auto refused = refusal(request, access);
  return refused ? refused->status : 0;
}

TEST(Access, IsForThisMachineWithoutAToken) {
  EXPECT_EQ(status({"GET", "/failures", "127.0.0.1:9901"}, kOpen), 0);
  EXPECT_EQ(status({"GET", "/failures", "evil.example:9901"}, kOpen), 421);
  EXPECT_EQ(status({"GET", "/failures", "evil.example"}, {true, ""}), 0);
}

TEST(Access, WantsTheTokenWhereThereIsOne) {
  PageRequest request{"GET", "/metrics", "gw.internal:9901"};

  EXPECT_EQ(status(request, kTokened), 401);
  for (auto wrong : {"Bearer 0123456789abcdeX", "Bearer 0123456789abcdef0", "Bearer ", "Bearer",
                     "0123456789abcdef", "Basic 0123456789abcdef"}) {
    request.authorization = wrong;
    EXPECT_EQ(status(request, kTokened), 401) << wrong;
  }
  for (auto right : {"Bearer 0123456789abcdef", "bearer  0123456789abcdef "}) {
    request.authorization = right;
    EXPECT_EQ(status(request, kTokened), 0) << right;
  }
  EXPECT_EQ(refusal({"GET", "/config"}, kTokened)->challenge, "Bearer realm=\"sluice admin\"");
}

TEST(Access, WantsItBehindAUnixSocketToo) {
  EXPECT_EQ(status({"GET", "/config"}, {true, "0123456789abcdef"}), 401);
}

TEST(Access, LetsSupervisorsAskWithoutAToken) {
  for (auto path : {"/livez", "/readyz", "/startupz", "/readyz?verbose"})
    EXPECT_EQ(status({"GET", path, "10.0.0.1"}, kTokened), 0) << path;
  EXPECT_EQ(status({"GET", "/readyz/", "10.0.0.1"}, kTokened), 401);
}

TEST(Access, LetsNoPageOfABrowserChangeAnything) {
  PageRequest request{"POST", "/reload", "127.0.0.1"};
  request.from_browser = true;

  EXPECT_EQ(status(request, kOpen), 403);
  request.method = "GET";
  EXPECT_EQ(status(request, kOpen), 0);
}

TEST(Access, KnowsWhatIsJson) {
  EXPECT_TRUE(says_json("application/json"));
  EXPECT_TRUE(says_json("Application/JSON; charset=utf-8"));
  for (auto other : {"", "text/plain", "application/jsonp", "application/x-www-form-urlencoded"})
    EXPECT_FALSE(says_json(other)) << other;
}

}  // namespace
}  // namespace sluice::admin::access_test
