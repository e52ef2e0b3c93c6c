// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/admin_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::admin::admin_config_test {
namespace {

using testing::HasSubstr;

struct Root {
  AdminConfig admin;
  bool operator==(const Root&) const = default;
};
void describe(config::Description<Root>& d) {
  d.about("root", "A file that has nothing but an admin server.");
  d.field("admin", &Root::admin, "The admin server.");
}

AdminConfig bound(const std::string& yaml, std::string& complaints) {
  config::Diagnostics diagnostics;
  auto document = config::parse(yaml, diagnostics);
  config::Names names;
  auto root = config::bind<Root>(document, diagnostics, names);
  complaints = diagnostics.has_errors() ? diagnostics.text() : "";
  return root.admin;
}

AdminConfig bound(const std::string& yaml) {
  std::string complaints;
  auto config = bound(yaml, complaints);
  EXPECT_EQ(complaints, "");
  return config;
}

std::string refused(const std::string& address) {
  std::string complaints;
  bound("admin: {bind: \"" + address + "\"}\n", complaints);
  EXPECT_NE(complaints, "") << address;
  return complaints;
}

TEST(AdminConfig, ListensToThisMachineByDefault) {
  auto config = bound("{}");

  EXPECT_TRUE(config.enabled);
  EXPECT_EQ(config.bind.text(), "127.0.0.1:9901");
}

TEST(AdminConfig, ReadsAddresses) {
  EXPECT_EQ(bound("admin: {bind: \"127.0.0.2:80\"}\n").bind, (AdminAddress{{"127.0.0.2", 80}}));
  EXPECT_EQ(bound("admin: {bind: \"[::1]:0\"}\n").bind, (AdminAddress{{"::1", 0}}));
  EXPECT_EQ(bound("admin: \"unix:/run/a.sock\"\n").bind, (AdminAddress{{"", 0, "/run/a.sock"}}));
}

TEST(AdminConfig, WritesAddressesAsTheyAreRead) {
  for (std::string text : {"127.0.0.1:9901", "[::1]:9901", "unix:/run/a.sock"})
    EXPECT_EQ(bound("admin: {bind: \"" + text + "\"}\n").bind.text(), text);
}

TEST(AdminConfig, CanBeSwitchedOff) { EXPECT_FALSE(bound("admin: off\n").enabled); }

TEST(AdminConfig, RefusesWhatOthersCanReach) {
  for (auto address : {"0.0.0.0:9901", "[::]:9901", "192.0.2.1:9901", "[2001:db8::1]:9901"}) {
    EXPECT_THAT(refused(address), HasSubstr("this machine only")) << address;
    EXPECT_THAT(refused(address), HasSubstr("127.0.0.1:9901")) << address;
  }
}

TEST(AdminConfig, ListensToOthersWithAToken) {
  auto config = bound("admin: {bind: \"0.0.0.0:9901\", token: 0123456789abcdef}\n");

  EXPECT_EQ(config.bind.text(), "0.0.0.0:9901");
  EXPECT_EQ(config.token->value, "0123456789abcdef");
  EXPECT_FALSE(config.bind.local());
}

TEST(AdminConfig, WantsATokenThatNobodyGuesses) {
  std::string complaints;
  bound("admin: {token: hush}\n", complaints);

  EXPECT_THAT(complaints, HasSubstr("shorter than 16"));
  EXPECT_THAT(complaints, testing::Not(HasSubstr("hush")));
}

TEST(AdminConfig, WantsEveryAddressToBeWritten) {
  for (auto address : {":9901", "*:9901"}) EXPECT_THAT(refused(address), HasSubstr("0.0.0.0")) << address;
}

TEST(AdminConfig, RemembersFailures) {
  EXPECT_EQ(bound("{}").failures, 256U);
  EXPECT_EQ(bound("admin: {failures: 0}\n").failures, 0U);
}

TEST(AdminConfig, RefusesWhatIsNoAddress) {
  EXPECT_THAT(refused("localhost:9901"), HasSubstr("127.0.0.1"));
  EXPECT_THAT(refused("::1:9901"), HasSubstr("brackets"));
  EXPECT_THAT(refused("unix:relative.sock"), HasSubstr("begin with /"));
  EXPECT_THAT(refused("unix:/" + std::string(200, 'x')), HasSubstr("108"));
  for (auto address : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x", "example.com:80", ""})
    refused(address);
}

}  // namespace
}  // namespace sluice::admin::admin_config_test
