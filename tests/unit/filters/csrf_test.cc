// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::csrf_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;

struct Asked {
  std::string_view method = "POST";
  std::string_view site = {}, origin = {};
  std::string_view host = "api.example.com";
  std::string_view scheme = "https";
  std::string_view upgrade = {};
};

// The status of the refusal, 0 if it passes.
int asked(std::string_view settings, const Asked& how) {
  auto built = test::filter("csrf: " + std::string(settings));
  EXPECT_THAT(built.problems, IsEmpty());
  FakeExchange fake("/", how.method, how.host);
  fake.stream.listener.scheme = how.scheme;
  fake.request().upgrade = how.upgrade;
  if (!how.site.empty()) fake.request().fields.add("Sec-Fetch-Site", how.site);
  if (!how.origin.empty()) fake.request().fields.add(http::FieldId::origin, how.origin);
  bool replied = built.get().on_request(fake.ex).await_resume() == chain::Step::replied;
  return replied ? fake.response().status : 0;
}

TEST(Csrf, LetsReadingPass) {
  for (auto method : {"GET", "HEAD", "OPTIONS"})
    EXPECT_EQ(asked("{}", {.method = method, .site = "cross-site", .origin = "https://evil.example"}), 0);
}

TEST(Csrf, BelievesSecFetchSiteFirst) {
  EXPECT_EQ(asked("{}", {.site = "same-origin", .origin = "https://other.example"}), 0);
  EXPECT_EQ(asked("{}", {.site = "none"}), 0);
  EXPECT_EQ(asked("{}", {.site = "cross-site", .origin = "https://api.example.com"}), 403);
  EXPECT_EQ(asked("{}", {.site = "same-site"}), 403);
  EXPECT_EQ(asked("{}", {.site = "nonsense"}), 403);
  EXPECT_EQ(asked("{same_site: true}", {.site = "same-site"}), 0);
  EXPECT_EQ(asked("{same_site: true}", {.site = "cross-site"}), 403);
}

TEST(Csrf, ComparesOriginWithTheHostForOlderBrowsers) {
  EXPECT_EQ(asked("{}", {.origin = "https://api.example.com"}), 0);
  EXPECT_EQ(asked("{}", {.origin = "https://API.example.com:443"}), 0);
  EXPECT_EQ(asked("{}", {.origin = "https://api.example.com:8443"}), 403);
  EXPECT_EQ(asked("{}", {.origin = "https://api.example.com:8443", .host = "api.example.com:8443"}), 0);
  EXPECT_EQ(asked("{}", {.origin = "https://evil.example"}), 403);
  EXPECT_EQ(asked("{}", {.origin = "https://api.example.com.evil.example"}), 403);
  EXPECT_EQ(asked("{}", {.origin = "http://api.example.com"}), 403);
  EXPECT_EQ(asked("{}", {.origin = "null"}), 403);
}

// There may be a proxy before us that speaks TLS with the browser.
TEST(Csrf, TakesEitherSchemeWhereItCannotKnow) {
  EXPECT_EQ(asked("{}", {.origin = "https://api.example.com", .scheme = "http"}), 0);
  EXPECT_EQ(asked("{}", {.origin = "http://api.example.com", .scheme = "http"}), 0);
}

TEST(Csrf, LetsPassWhatComesFromNoBrowser) { EXPECT_EQ(asked("{}", {}), 0); }

TEST(Csrf, TrustsTheOriginsThatAreNamed) {
  constexpr std::string_view kTrust = "{trust: https://app.example.org}";
  EXPECT_EQ(asked(kTrust, {.site = "cross-site", .origin = "https://app.example.org"}), 0);
  EXPECT_EQ(asked(kTrust, {.origin = "https://App.example.org:443"}), 0);
  EXPECT_EQ(asked(kTrust, {.site = "cross-site", .origin = "http://app.example.org"}), 403);
  EXPECT_EQ(asked(kTrust, {.site = "cross-site"}), 403);
}

TEST(Csrf, RefusesWebSocketsOfOtherSites) {
  EXPECT_EQ(asked("{}", {.method = "GET", .origin = "https://evil.example", .upgrade = "websocket"}), 403);
  EXPECT_EQ(asked("{}", {.method = "GET", .site = "same-origin", .upgrade = "websocket"}), 0);
}

TEST(Csrf, TakesOriginsOnly) {
  EXPECT_THAT(test::filter("csrf: {trust: app.example.com}").problems, HasSubstr("must be an origin"));
  EXPECT_THAT(test::filter("csrf: {trust: \"https://app.example.com/x\"}").problems,
              HasSubstr("must be an origin"));
}

}  // namespace
}  // namespace sluice::filters::csrf_test
