// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/lookup.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::net {
namespace {

TEST(SystemLookup, FindsTheAddressesOfThisMachine) {
  boost::asio::io_context control;
  auto lookup = system_lookup(control);
  std::optional<Addresses> answer;

  lookup->start("localhost", [&](Addresses a) { answer = std::move(a); });
  EXPECT_FALSE(answer) << "never from inside start()";
  control.run();

  ASSERT_TRUE(answer && *answer);
  for (const Address& a : **answer) {
    EXPECT_TRUE(a.loopback()) << a.text();
    EXPECT_EQ(a.port(), 0);
  }
  for (std::size_t i = 1; i < (*answer)->size(); ++i) EXPECT_FALSE((**answer)[0] == (**answer)[i]);
}

TEST(SystemLookup, SaysWhyThereIsNoAddress) {
  boost::asio::io_context control;
  auto lookup = system_lookup(control);
  std::optional<Addresses> answer;

  lookup->start(std::string(300, 'a'),
                [&](Addresses a) { answer = std::move(a); });  // longer than a name may be
  control.run();

  ASSERT_TRUE(answer);
  ASSERT_FALSE(*answer);
  EXPECT_EQ(answer->error().reason, base::Reason::upstream_resolve_failed);
  EXPECT_NE(answer->error().detail, "");
}

TEST(SystemLookup, AnswersNobodyOnceItIsDestroyed) {
  boost::asio::io_context control;
  auto lookup = system_lookup(control);
  bool answered = false;
  lookup->start("localhost", [&](Addresses) { answered = true; });

  lookup.reset();
  control.run();

  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace sluice::net
