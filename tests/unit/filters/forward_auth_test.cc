// SPDX-License-Identifier: Apache-2.0
// Against real upstreams in tests/flow/forward_auth_test.cc; here what no upstream is needed for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/authenticator.h"
#include "gateway/chain/call.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_forwarder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters {
namespace {

using testing::HasSubstr;

std::string problems(std::string_view settings) {
  return test::filter("forward_auth: " + std::string(settings)).problems;
}

TEST(ForwardAuth, SaysWhatIsWrongWithItsSettings) {
  EXPECT_EQ(problems("{to: auth}"), "");
  EXPECT_THAT(problems("{path: /verify}"), HasSubstr("to"));
  EXPECT_THAT(problems("{to: auth, path: verify}"), HasSubstr("must be a path"));
  EXPECT_THAT(problems("{to: auth, path: /a/../b}"), HasSubstr("must be a path"));
  EXPECT_THAT(problems("{to: auth, send: [Host]}"), HasSubstr("no field that can be sent along"));
  EXPECT_THAT(problems("{to: auth, copy: [Content-Length]}"), HasSubstr("Content-Length"));
  EXPECT_THAT(problems("{to: auth, cache: {ttl: 1s}}"), HasSubstr("by"));
  EXPECT_THAT(problems("{to: auth, cache: {by: \"${path.id}\"}}"), HasSubstr("id"));
}

TEST(ForwardAuth, LetsNobodyButTheServiceSetWhatItCopies) {
  config::Diagnostics diagnostics;
  std::string wrong;
  auto use = test::bound("forward_auth: {to: auth, copy: [X-User, X-Groups]}", wrong);
  test::FakeBuilder builder;
  chain::make_link(use.filter, "policy", builder);

  EXPECT_EQ(builder.told, "X-User\nX-Groups\n");
}

TEST(ForwardAuth, PassesWhoeverTheServicePasses) {
  test::answer_calls_with(204, {{"X-User", "alice"}});
  auto built = test::filter("forward_auth: {to: auth, copy: X-User, consumer: X-User}");
  ASSERT_EQ(built.problems, "");
  test::FakeExchange fake;

  EXPECT_EQ(test::step_of(built.get(), fake.ex), chain::Step::next);

  EXPECT_EQ(fake.ex.identity.method, "forward_auth");
  EXPECT_EQ(fake.ex.identity.credential, "alice");
  EXPECT_EQ(test::lines(fake.request().fields), "X-User: alice\n");
}

}  // namespace
}  // namespace sluice::filters
