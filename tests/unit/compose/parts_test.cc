// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/parts.h"

#include <gtest/gtest.h>

#include "tests/unit/compose/plans.h"
#include "tests/unit/json/padded.h"

namespace sluice::compose::parts_test {
namespace {

using json::Padded;

TEST(Parts, AreShapedAndEnriched) {
  auto m = made(R"(calls: {
    orders: {get: "u:/", as: orders, only: ["[].id", "[].owner"], zip: prices, join: {on: owner, with: users.id}},
    prices: {get: "u:/", hide: true, rename: {"[].p": price}},
    users: {get: "u:/", hide: true}})");
  ASSERT_EQ(m.problems, "");
  base::Arena arena;
  Parts parts(*m.plan, arena);
  Padded orders(R"([{"id":1,"owner":7,"x":0}])"), prices(R"([{"p":1.50}])"),
      users(R"([{"id":7,"name":"n"}])");
  std::string_view values[] = {orders, prices, users};

  for (std::uint32_t call : m.plan->enriching) parts.make(call, values[call], false);

  EXPECT_EQ(parts[0], R"([{"id":1,"owner":7,"price":1.50,"users":{"id":7,"name":"n"}}])");
  EXPECT_EQ(parts[1], R"([{"price":1.50}])");
}

TEST(Parts, TakeNothingFromCallsThatCameToNothing) {
  auto m = made(R"(calls: {
    orders: {get: "u:/", as: orders, join: {on: owner, with: users.id}}, users: {get: "u:/", hide: true}})");
  ASSERT_EQ(m.problems, "");
  base::Arena arena;
  Parts parts(*m.plan, arena);
  Padded orders(R"([{"owner":7}])");

  parts.make(0, orders, false);

  EXPECT_EQ(parts[0], R"([{"owner":7,"users":null}])");
  EXPECT_EQ(parts[1].data(), nullptr);
}

TEST(Parts, AreNotShapedIfTheyAreFinished) {
  auto m = made(R"(calls: {a: {get: "u:/", drop: x, fallback: {x: 1}}})");
  ASSERT_EQ(m.problems, "");
  base::Arena arena;
  Parts parts(*m.plan, arena);
  Padded value(R"({"x":1})");

  parts.make(0, value, true);

  EXPECT_EQ(parts[0], R"({"x":1})");
}

TEST(Parts, TakeWhatIsShapedAlreadyUnlessTheyAreFinished) {
  auto m = made(R"(calls: {a: {get: "u:/", drop: x, fallback: {x: 1}}, b: {get: "u:/", drop: x}})");
  ASSERT_EQ(m.problems.find("error"), std::string::npos) << m.problems;
  base::Arena arena;
  Parts parts(*m.plan, arena);
  Padded value(R"({"x":1})"), shaped(R"({"shaped":1})");

  parts.make(0, value, true, shaped);
  parts.make(1, value, false, shaped);

  EXPECT_EQ(parts[0], R"({"x":1})");
  EXPECT_EQ(parts[1], R"({"shaped":1})");
}

}  // namespace
}  // namespace sluice::compose::parts_test
