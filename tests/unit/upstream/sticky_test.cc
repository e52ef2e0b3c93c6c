// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/sticky.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/upstream/targets.h"

namespace sluice::upstream::sticky_test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

StickyConfig config(std::vector<std::string> secrets = {std::string(32, 'a')}) {
  StickyConfig c;
  c.cookie = "shop";
  for (auto& s : secrets) c.secret.push_back({std::move(s)});
  return c;
}

// The value of the cookie that names this target.
std::string value(const Sticky& sticky, const Target& target) {
  std::string line(sticky.set_cookie(target));
  auto begin = line.find('=') + 1;
  return line.substr(begin, line.find(';') - begin);
}

TEST(Sticky, FindsTheTargetThatItHasNamed) {
  Targets targets({1, 1, 1});
  Sticky sticky(config(), "orders", targets.all);

  std::set<std::string> values;
  for (const auto& t : targets.all) {
    EXPECT_EQ(sticky.find(value(sticky, *t)), t.get());
    values.insert(value(sticky, *t));
  }

  EXPECT_EQ(values.size(), 3u);
}

TEST(Sticky, TellsNothingOfTheAddress) {
  Targets targets({1});
  Sticky sticky(config(), "orders", targets.all);

  std::string line(sticky.set_cookie(*targets.all[0]));

  EXPECT_THAT(line, Not(HasSubstr("t0")));
  EXPECT_THAT(line, Not(HasSubstr("orders")));
  EXPECT_EQ(value(sticky, *targets.all[0]).size(), 22u);
}

TEST(Sticky, BelievesNothingElse) {
  Targets targets({1, 1});
  Sticky sticky(config(), "orders", targets.all);
  std::string good = value(sticky, *targets.all[0]);

  std::string changed = good;
  changed[3] = changed[3] == 'A' ? 'B' : 'A';
  for (const auto& bad : {std::string(), std::string("t0:80"), good + "A", good.substr(1), changed})
    EXPECT_EQ(sticky.find(bad), nullptr) << bad;
}

TEST(Sticky, IsTheSameInEveryGatewayWithTheSecret) {
  Targets here({1, 1}), there({1, 1});
  Sticky one(config(), "orders", here.all);

  EXPECT_EQ(Sticky(config(), "orders", there.all).find(value(one, *here.all[1])), there.all[1].get());
  EXPECT_EQ(Sticky(config({std::string(32, 'b')}), "orders", there.all).find(value(one, *here.all[1])),
            nullptr);
  EXPECT_EQ(Sticky(config(), "users", there.all).find(value(one, *here.all[1])), nullptr);
}

TEST(Sticky, BelievesTheOldSecretWhileTheNewOneSigns) {
  Targets targets({1});
  std::string old_secret(32, 'a'), fresh(32, 'b');
  Sticky before(config({old_secret}), "orders", targets.all);
  Sticky during(config({fresh, old_secret}), "orders", targets.all);
  Sticky after(config({fresh}), "orders", targets.all);

  EXPECT_EQ(during.find(value(before, *targets.all[0])), targets.all[0].get());
  EXPECT_EQ(after.find(value(during, *targets.all[0])), targets.all[0].get());
  EXPECT_EQ(after.find(value(before, *targets.all[0])), nullptr);
}

TEST(Sticky, SaysHowBrowsersAreToKeepIt) {
  Targets targets({1});
  auto c = config();
  EXPECT_THAT(std::string(Sticky(c, "orders", targets.all).set_cookie(*targets.all[0])),
              EndsWith("; Path=/; HttpOnly; Secure; SameSite=Lax"));

  c.ttl = std::chrono::hours(1);
  c.path = "/shop";
  c.secure = false;
  c.same_site = http::SameSite::strict;
  std::string line(Sticky(c, "orders", targets.all).set_cookie(*targets.all[0]));
  EXPECT_THAT(line, StartsWith("shop="));
  EXPECT_THAT(line, EndsWith("; Path=/shop; Max-Age=3600; HttpOnly; SameSite=Strict"));
}

TEST(Sticky, HasNoCookieForATargetOfAnother) {
  Targets ours({1}), theirs({1});

  EXPECT_EQ(Sticky(config(), "orders", ours.all).set_cookie(*theirs.all[0]), "");
}

}  // namespace
}  // namespace sluice::upstream::sticky_test
