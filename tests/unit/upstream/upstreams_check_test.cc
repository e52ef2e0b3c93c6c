// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstreams_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::upstream::upstreams_check_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Whole {
  config::ByName<UpstreamConfig> upstreams;
  bool operator==(const Whole&) const = default;
};
void describe(config::Description<Whole>& d) {
  d.about("whole", "Has upstreams.");
  d.field("upstreams", &Whole::upstreams, "Upstreams.", config::defines("upstream"));
  d.check([](const Whole& w, const config::Site& at) { check_upstreams(w.upstreams, at); });
}

std::string problems(std::string_view upstreams) {
  config::Diagnostics diagnostics;
  auto document = config::parse("upstreams:\n" + std::string(upstreams), diagnostics);
  config::bind<Whole>(document, diagnostics);
  return diagnostics.text();
}

TEST(UpstreamsCheck, LetsUpstreamsTakeOverForEachOther) {
  EXPECT_EQ(problems("  a: {url: \"http://a:1\", failover: [b, c]}\n"
                     "  b: {url: \"http://b:1\", failover: c}\n"
                     "  c: {url: \"http://c:1\"}\n"),
            "");
}

TEST(UpstreamsCheck, RefusesACircle) {
  EXPECT_THAT(problems("  a: {url: \"http://a:1\", failover: a}\n"), HasSubstr("is this upstream itself"));
  EXPECT_THAT(problems("  x: {url: \"http://a:1\", failover: a}\n"
                       "  a: {url: \"http://a:1\", failover: b}\n"
                       "  b: {url: \"http://a:1\", failover: [c]}\n"
                       "  c: {url: \"http://a:1\", failover: a}\n"),
              AllOf(HasSubstr(":5:"), HasSubstr("closes a circle: a -> b -> c -> a")));
}

TEST(UpstreamsCheck, RefusesCookiesThatWouldOverwriteEachOther) {
  std::string sticky = "sticky: {cookie: t, secret: " + std::string(32, 's');
  EXPECT_THAT(
      problems("  a: {url: \"http://a:1\", " + sticky + "}}\n  b: {url: \"http://b:1\", " + sticky + "}}\n"),
      AllOf(HasSubstr(":3:"), HasSubstr("name and path of that of the upstream `a`")));
  EXPECT_EQ(problems("  a: {url: \"http://a:1\", " + sticky + "}}\n  b: {url: \"http://b:1\", " + sticky +
                     ", path: /b}}\n"),
            "");
}

}  // namespace
}  // namespace sluice::upstream::upstreams_check_test
