// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/types_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/describe.h"
#include "gateway/config/load.h"

namespace sluice::config::types_net_test {
namespace {

using testing::HasSubstr;

struct Guests {
  std::vector<net::Cidr> from;
  bool operator==(const Guests&) const = default;
};
void describe(Description<Guests>& d) {
  d.about("guests", "Who may come in.");
  d.field("from", &Guests::from, "Their addresses.", one_or_many);
}

Guests read(std::string text, std::string& said) {
  Diagnostics diagnostics;
  auto document = parse(std::move(text), diagnostics, "config.yaml");
  Names names;
  auto guests = bind<Guests>(document, diagnostics, names);
  said = diagnostics.text();
  return guests;
}

TEST(NetTypes, AreReadAndWritten) {
  std::string said;
  auto guests = read("from: [10.0.0.0/8, \"::1\", unix]", said);

  EXPECT_EQ(said, "");
  ASSERT_EQ(guests.from.size(), 3u);
  EXPECT_EQ(guests.from[0].text(), "10.0.0.0/8");
  EXPECT_EQ(guests.from[1].text(), "::1");
  EXPECT_EQ(guests.from[2].text(), "unix");
}

TEST(NetTypes, SayWhatIsWrong) {
  std::string said;

  read("from: 10.0.0.1/8", said);
  EXPECT_THAT(said,
              HasSubstr("config.yaml:1:7: error: expected addresses such as 10.0.0.0/8, 2001:db8::/32 or "
                        "192.0.2.1, or unix, got 10.0.0.1/8: it has bits set behind its length; did you "
                        "mean 10.0.0.0/8?"));
  read("from: everybody", said);
  EXPECT_THAT(said, HasSubstr("got everybody"));
}

}  // namespace
}  // namespace sluice::config::types_net_test
