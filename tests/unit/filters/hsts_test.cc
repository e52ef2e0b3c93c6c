// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::hsts_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;

std::string said(std::string_view yaml, const char* scheme = "https") {
  FakeExchange fake;
  fake.stream.listener.scheme = scheme;
  auto built = test::filter(yaml);
  EXPECT_EQ(built.problems, "");
  EXPECT_TRUE(built.get().on_response(fake.ex).await_ready());
  return test::lines(fake.response().fields);
}

TEST(HstsFilter, SpeaksForAYearUnlessToldOtherwise) {
  EXPECT_EQ(said("hsts: {}"), "Strict-Transport-Security: max-age=31536000\n");
  EXPECT_EQ(said("hsts: {max_age: 0s}"), "Strict-Transport-Security: max-age=0\n");
  EXPECT_EQ(said("hsts: {include_subdomains: true, preload: true, max_age: 730d}"),
            "Strict-Transport-Security: max-age=63072000; includeSubDomains; preload\n");
}

TEST(HstsFilter, SaysNothingOnPlainConnections) { EXPECT_EQ(said("hsts: {}", "http"), ""); }

TEST(HstsFilter, ReplacesWhatTheTargetSaid) {
  FakeExchange fake;
  fake.stream.listener.scheme = "https";
  fake.response().fields.add("strict-transport-security", "max-age=1");
  auto built = test::filter("hsts: {max_age: 2s}");
  EXPECT_TRUE(built.get().on_response(fake.ex).await_ready());

  EXPECT_EQ(test::lines(fake.response().fields), "strict-transport-security: max-age=2\n");
}

TEST(HstsFilter, PreloadsOnlyWhatTheListsTake) {
  EXPECT_THAT(test::filter("hsts: {preload: true}").problems, HasSubstr("include_subdomains"));
  EXPECT_THAT(test::filter("hsts: {preload: true, include_subdomains: true, max_age: 1d}").problems,
              HasSubstr("8760h"));
}

}  // namespace
}  // namespace sluice::filters::hsts_test
