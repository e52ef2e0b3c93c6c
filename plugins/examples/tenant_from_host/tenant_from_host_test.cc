// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::plugins::tenant_from_host_test {
namespace {

chain::Step ask(std::string_view yaml, test::FakeExchange& fake, std::string_view host) {
  auto built = test::filter(yaml);
  EXPECT_EQ(built.problems, "");
  fake.request().host = host;
  return built.get().on_request(fake.ex).await_resume();
}

TEST(TenantFromHost, TellsTheLabelBeforeTheDomain) {
  test::FakeExchange fake;
  fake.request().fields.add("X-Tenant", "claimed");

  EXPECT_EQ(ask("tenant_from_host: {domain: Example.com}", fake, "acme.example.com"), chain::Step::next);
  EXPECT_EQ(test::lines(fake.request().fields), "X-Tenant: acme\n");
}

TEST(TenantFromHost, RefusesAHostThatNamesNone) {
  for (std::string_view host : {"example.com", ".example.com", "acme.example.org", "notexample.com", ""}) {
    test::FakeExchange fake;

    EXPECT_EQ(ask("tenant_from_host: {domain: example.com}", fake, host), chain::Step::replied) << host;
    EXPECT_EQ(fake.response().status, 400);
  }
}

TEST(TenantFromHost, NeedsADomain) {
  EXPECT_THAT(test::filter("tenant_from_host: {}").problems, testing::HasSubstr("domain"));
}

}  // namespace
}  // namespace sluice::plugins::tenant_from_host_test
