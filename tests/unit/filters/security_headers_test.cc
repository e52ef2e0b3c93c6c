// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::security_headers_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;
using View = std::string_view;
using Fields = std::vector<std::pair<View, View>>;

// The lines of a response with these ones before.
std::string answer(View settings, const Fields& before = {}, View scheme = "http") {
  auto built = test::filter("security_headers: " + std::string(settings));
  EXPECT_EQ(built.problems, "");
  FakeExchange fake;
  fake.stream.listener.scheme = scheme;
  for (auto [name, value] : before) fake.response().fields.add(name, value);
  (void)built.get().on_response(fake.ex);
  return test::lines(fake.response().fields);
}

std::string problems(View settings) {
  return test::filter("security_headers: " + std::string(settings)).problems;
}

constexpr View kOthers =
    "{hsts: off, content_type_options: false, frames: off, referrer_policy: off, permissions_policy: off";

TEST(SecurityHeaders, AreSaidForTheService) {
  EXPECT_EQ(answer("{}"),
            "X-Content-Type-Options: nosniff\n"
            "Referrer-Policy: strict-origin-when-cross-origin\n"
            "Permissions-Policy: camera=(), geolocation=(), microphone=()\n"
            "X-Frame-Options: SAMEORIGIN\n"
            "Content-Security-Policy: frame-ancestors 'self'\n");
}

TEST(SecurityHeaders, DemandTlsOnlyOverTls) {
  constexpr View kHsts = "Strict-Transport-Security: max-age=31536000\n";
  EXPECT_THAT(answer("{}", {}, "https"), HasSubstr(kHsts));
  EXPECT_THAT(answer("{hsts: {max_age: 1h, include_subdomains: true}}", {}, "https"),
              HasSubstr("max-age=3600; includeSubDomains\n"));
  EXPECT_EQ(answer(std::string(kOthers) + "}", {}, "https"), "");
  EXPECT_THAT(problems("{hsts: {preload: true}}"), HasSubstr("needs include_subdomains"));
}

TEST(SecurityHeaders, LetTheServiceSpeakForItself) {
  Fields service = {{"x-content-type-options", "other"},
                    {"Referrer-Policy", "origin"},
                    {"Permissions-Policy", "usb=()"},
                    {"X-Frame-Options", "DENY"}};
  EXPECT_EQ(answer("{}", service),
            "x-content-type-options: other\nReferrer-Policy: origin\nPermissions-Policy: usb=()\n"
            "X-Frame-Options: DENY\n");
  EXPECT_EQ(answer("{overwrite: true}", service),
            "x-content-type-options: nosniff\n"
            "Referrer-Policy: strict-origin-when-cross-origin\n"
            "Permissions-Policy: camera=(), geolocation=(), microphone=()\n"
            "X-Frame-Options: SAMEORIGIN\n"
            "Content-Security-Policy: frame-ancestors 'self'\n");
}

TEST(SecurityHeaders, NeverReplaceAContentSecurityPolicy) {
  for (View overwrite : {"true", "false"})
    EXPECT_THAT(
        answer("{frames: deny, overwrite: " + std::string(overwrite) + "}",
               {{"Content-Security-Policy", "default-src 'self'"}}),
        testing::AllOf(HasSubstr("Content-Security-Policy: default-src 'self'\n"),
                       HasSubstr("X-Frame-Options: DENY\n"), testing::Not(HasSubstr("frame-ancestors"))));
}

TEST(SecurityHeaders, HideWhatAnswers) {
  Fields service = {{"Server", "apache"}, {"x-powered-by", "php"}, {"X-A", "b"}};
  EXPECT_EQ(answer(std::string(kOthers) + "}", service), "X-A: b\n");
  EXPECT_EQ(answer(std::string(kOthers) + ", hide: X-A}", service), "Server: apache\nx-powered-by: php\n");
  EXPECT_EQ(answer(std::string(kOthers) + ", hide: []}", service),
            "Server: apache\nx-powered-by: php\nX-A: b\n");
}

TEST(SecurityHeaders, AreOtherOnes) {
  EXPECT_EQ(answer("{hsts: off, content_type_options: false, frames: deny, referrer_policy: no-referrer, "
                   "permissions_policy: \"usb=()\"}"),
            "Referrer-Policy: no-referrer\nPermissions-Policy: usb=()\nX-Frame-Options: DENY\n"
            "Content-Security-Policy: frame-ancestors 'none'\n");
}

TEST(SecurityHeaders, RefuseWhatIsNone) {
  EXPECT_THAT(problems("{referrer_policy: sometimes}"), HasSubstr("must be a referrer policy"));
  EXPECT_THAT(problems("{permissions_policy: \"\"}"), HasSubstr("must be the value of a field"));
  EXPECT_THAT(problems("{hide: \"a b\"}"), HasSubstr("must be the name of a field"));
  EXPECT_THAT(problems("{frames: sometimes}"), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace sluice::filters::security_headers_test
