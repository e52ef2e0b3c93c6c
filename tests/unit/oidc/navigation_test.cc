// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/navigation.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::oidc::navigation_test {
namespace {

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;
constexpr std::string_view kHtml = "text/html,application/xhtml+xml,*/*;q=0.8";

bool opens(const Lines& lines, std::string_view method = "GET", std::string_view upgrade = "") {
  test::FakeExchange fake;
  fake.stream.ask(method, "/");
  fake.request().upgrade = upgrade;
  for (const auto& [name, value] : lines) fake.request().fields.add(name, value);
  return opens_page(fake.request());
}

TEST(OpensPage, IsWhatBrowsersSendForALink) {
  EXPECT_TRUE(opens({{"Accept", kHtml}}));
  EXPECT_TRUE(opens({{"Accept", kHtml}, {"Sec-Fetch-Mode", "navigate"}}));
  EXPECT_TRUE(opens({{"Accept", "TEXT/HTML;q=1"}}));
  EXPECT_TRUE(opens({{"Accept", kHtml}}, "HEAD"));
}

TEST(OpensPage, IsNotWhatScriptsAndProgramsSend) {
  EXPECT_FALSE(opens({}));
  EXPECT_FALSE(opens({{"Accept", "*/*"}}));
  EXPECT_FALSE(opens({{"Accept", "application/json"}}));
  EXPECT_FALSE(opens({{"Accept", "text/htmlx"}}));
  EXPECT_FALSE(opens({{"Accept", kHtml}, {"Sec-Fetch-Mode", "cors"}}));
  EXPECT_FALSE(opens({{"Accept", kHtml}, {"Sec-Fetch-Mode", "no-cors"}}));
  EXPECT_FALSE(opens({{"Accept", kHtml}, {"X-Requested-With", "XMLHttpRequest"}}));
}

TEST(OpensPage, IsNotWhatActsOrOpensAWebSocket) {
  EXPECT_FALSE(opens({{"Accept", kHtml}}, "POST"));
  EXPECT_FALSE(opens({{"Accept", kHtml}}, "DELETE"));
  EXPECT_FALSE(opens({{"Accept", kHtml}}, "OPTIONS"));
  EXPECT_FALSE(opens({{"Accept", kHtml}}, "GET", "websocket"));
}

}  // namespace
}  // namespace sluice::oidc::navigation_test
