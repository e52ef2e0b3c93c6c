// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::ip_access_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;

bool passes(std::string_view settings, std::string_view ip, std::map<std::string, std::string> files = {}) {
  auto living = std::make_shared<test::FakeLiving>();
  living->files = std::move(files);
  auto built = test::filter("ip_access: " + std::string(settings), {}, true, living);
  EXPECT_THAT(built.problems, IsEmpty());
  FakeExchange fake;
  fake.stream.come_from(*net::Address::parse(ip, 4000));
  bool passed = built.get().on_request(fake.ex).await_resume() == chain::Step::next;
  if (!passed) {
    EXPECT_EQ(fake.response().status, 403);
  }
  return passed;
}

TEST(IpAccess, LetsOnlyPassWhatIsAllowed) {
  constexpr std::string_view kInside = "{allow: [10.0.0.0/8, \"2001:db8::/32\"]}";
  EXPECT_TRUE(passes(kInside, "10.1.2.3"));
  EXPECT_TRUE(passes(kInside, "2001:db8::1"));
  EXPECT_FALSE(passes(kInside, "192.0.2.1"));
  EXPECT_FALSE(passes(kInside, "::1"));
}

TEST(IpAccess, LetsAllPassButWhatIsDenied) {
  EXPECT_FALSE(passes("{deny: 192.0.2.0/24}", "192.0.2.1"));
  EXPECT_TRUE(passes("{deny: 192.0.2.0/24}", "192.0.3.1"));
}

TEST(IpAccess, DeniesWhatIsAllowedToo) {
  EXPECT_FALSE(passes("{allow: 10.0.0.0/8, deny: 10.1.0.0/16}", "10.1.2.3"));
  EXPECT_TRUE(passes("{allow: 10.0.0.0/8, deny: 10.1.0.0/16}", "10.2.2.3"));
}

TEST(IpAccess, ReadsFiles) {
  EXPECT_TRUE(passes("{allow_file: in.txt}", "10.1.2.3", {{"in.txt", "10.0.0.0/8\n"}}));
  EXPECT_FALSE(passes("{allow_file: in.txt}", "10.1.2.3", {{"in.txt", "# nobody\n"}}));
  EXPECT_FALSE(passes("{deny_file: [a.txt, b.txt]}", "192.0.2.1", {{"b.txt", "192.0.2.1"}}));
}

TEST(IpAccess, ComplainsAboutFilesAtTheRightPlace) {
  auto living = std::make_shared<test::FakeLiving>();
  living->files["bad.txt"] = "10.0.0.0/8\nexample.com\n";
  auto built = test::filter("ip_access: {deny_file: [good.txt, bad.txt]}", {}, true, living);
  EXPECT_THAT(built.problems, HasSubstr("error: deny_file[1]: bad.txt line 2: expected an address"));
  EXPECT_THAT(test::filter("ip_access: {}").problems, HasSubstr("at least one"));
}

}  // namespace
}  // namespace sluice::filters::ip_access_test
