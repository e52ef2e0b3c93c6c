// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::test::fake_resolver_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class FakeResolverTest : public testing::Test {
 protected:
  std::unique_ptr<net::Watch> watch(const std::string& host) {
    return names_.resolver().watch(host, 80, [this](const net::Answer& answer) {
      const auto& found = answer.addresses;
      told_.push_back(found ? found->front().text() : found.error().detail);
    });
  }
  FakeResolver names_;
  std::vector<std::string> told_;
};

TEST_F(FakeResolverTest, AnswersWhenTheTestSaysSo) {
  names_.lookup().resolves("a", {"10.0.0.1"});
  names_.lookup().fails("b", "no such host");
  auto a = watch("a"), b = watch("b"), c = watch("c");
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(names_.lookup().pending(), 3u);

  EXPECT_EQ(names_.answer(), 3u);

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:80", "no such host", "unknown name"));
  EXPECT_EQ(names_.answer(), 0u);
}

TEST_F(FakeResolverTest, LetsTimePassAndAnswersWhatIsAskedThen) {
  names_.lookup().resolves("a", {"10.0.0.1"});
  auto a = watch("a");
  names_.answer();

  names_.lookup().resolves("a", {"10.0.0.2"});
  names_.pass(33s);

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:80", "10.0.0.2:80"));
  EXPECT_THAT(names_.lookup().questions(), ElementsAre("a", "a"));
}

}  // namespace
}  // namespace sluice::test::fake_resolver_test
