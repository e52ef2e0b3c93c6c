// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/accept.h"

#include <gtest/gtest.h>

namespace sluice::http::accept_test {
namespace {

Wanted by(std::initializer_list<std::string_view> lines, std::string_view type = "text/html") {
  base::Arena arena;
  Fields fields(arena);
  for (auto line : lines) fields.add("Accept", line);
  return wanted(fields, type);
}

TEST(Wanted, IsAnythingWithoutAccept) {
  EXPECT_EQ(by({}).quality, 1000);
  EXPECT_FALSE(by({}).named);
}

TEST(Wanted, IsDecidedByTheMostSpecificRange) {
  EXPECT_EQ(by({"*/*;q=0.1, text/html"}).quality, 1000);
  EXPECT_EQ(by({"text/html;q=0.5, text/*, */*"}).quality, 500);
  EXPECT_EQ(by({"text/*;q=0.25", "*/*"}).quality, 250);
  EXPECT_EQ(by({"application/json"}).quality, 0);
  EXPECT_EQ(by({"TEXT/HTML ; level=1 ; Q=0.7"}).quality, 700);
  EXPECT_TRUE(by({"text/*"}).named);
  EXPECT_FALSE(by({"*/*"}).named);
}

TEST(Wanted, TakesNoQualityThatIsNone) {
  for (std::string_view q : {"2", "-1", "x", "", "0.1234", "1.x"})
    EXPECT_EQ(by({std::string("text/html;q=") + std::string(q)}).quality, 0) << q;
  EXPECT_EQ(by({"text/html;q=1.000"}).quality, 1000);
  EXPECT_EQ(by({"text/html;q=0."}).quality, 0);
  EXPECT_EQ(by({"text/html;;q=0.3;"}).quality, 300);
}

TEST(Wanted, IsWhatBrowsersSay) {
  auto browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
  EXPECT_EQ(by({browser}).quality, 1000);
  EXPECT_EQ(by({browser}, "application/json").quality, 800);
}

}  // namespace
}  // namespace sluice::http::accept_test
