// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/resolver_config.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::server::resolver_config_test {
namespace {

// The nameservers as they are asked, or the first complaint.
std::string read(const std::string& yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(yaml, diagnostics);
  auto config = config::bind<ResolverConfig>(document, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.sorted().front().message;
  std::string out;
  for (const auto& address : config.options().nameservers) out += (out.empty() ? "" : " ") + address.text();
  return out;
}

TEST(ResolverConfig, TakesNumbersWithAndWithoutPorts) {
  EXPECT_EQ(read("nameservers: 10.0.0.2"), "10.0.0.2:53");
  EXPECT_EQ(read("nameservers: [\"127.0.0.1:5353\", \"::1\", \"[::1]:5353\", \"[2001:db8::1]\"]"),
            "127.0.0.1:5353 [::1]:53 [::1]:5353 [2001:db8::1]:53");
}

TEST(ResolverConfig, RefusesWhatIsNoAddress) {
  EXPECT_NE(read("nameservers: dns.example.com").find("it is a name"), std::string::npos);
  for (const char* bad :
       {"\"10.0.0.2:\"", "\"10.0.0.2:0\"", "\"10.0.0.2:65536\"", "\"[::1\"", "\"[::1]53\"", "\"\""})
    EXPECT_NE(read(std::string("nameservers: ") + bad).find("IP address"), std::string::npos) << bad;
}

}  // namespace
}  // namespace sluice::server::resolver_config_test
