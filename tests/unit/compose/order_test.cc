// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compose/plans.h"

namespace sluice::compose::order_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::uint32_t> needs(const CallPlan& p) { return p.needs; }

TEST(ComposeOrder, PutsEachBehindThoseThatItNeeds) {
  auto m =
      made(R"(calls: {a: {get: "u:/${b.x}", as: a}, b: {get: "u:/${c.x}", as: b}, c: {get: "u:/", as: c}})");
  std::vector<std::uint32_t> out;

  EXPECT_FALSE(put_in_order(m.plan->calls, needs, out));
  EXPECT_THAT(out, ElementsAre(2, 1, 0));
}

TEST(ComposeOrder, FindsCircles) {
  auto m =
      made(R"(calls: {a: {get: "u:/${b.x}"}, b: {get: "u:/${c.x}", as: b}, c: {get: "u:/${b.x}", as: c}})");
  std::vector<std::uint32_t> out;

  EXPECT_TRUE(put_in_order(m.plan->calls, needs, out));
  EXPECT_EQ(circle(m.plan->calls, 0), "b -> c -> b");
}

// What may be missing of that which the last call of these needs.
std::string missing(std::string_view calls) {
  auto m = made("calls: {" + std::string(calls) + "}");
  auto found = may_be_missing(m.plan->calls, m.plan->calls.back());
  if (!found) return "nothing";
  return m.plan->calls[found->call].name + (found->left_out ? " left out" : " failed");
}

TEST(ComposeOrder, KnowsWhatMayBeMissing) {
  EXPECT_EQ(missing(R"(a: {get: "u:/"}, z: {get: "u:/${a.x}", as: z})"), "a failed");
  EXPECT_EQ(missing(R"(a: {get: "u:/", required: true}, z: {get: "u:/${a.x}", as: z})"), "nothing");
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {}}, z: {get: "u:/${a.x}", as: z})"), "nothing");
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {}, fallback_on: ["404"]}, z: {get: "u:/${a.x}", as: z})"),
            "a failed");
  EXPECT_EQ(missing(R"(a: {get: "u:/"}, z: {get: "u:/${a.x}", as: z, fallback: 1})"), "nothing");
}

TEST(ComposeOrder, KnowsWhatMayBeLeftOut) {
  constexpr std::string_view kA = R"yaml(a: {get: "u:/", as: a, fallback: {}, when: "has(query.x)"}, )yaml";
  EXPECT_EQ(missing(std::string(kA) + R"(z: {get: "u:/${a.x}", as: z})"), "a left out");
  EXPECT_EQ(missing(std::string(kA) + R"(z: {get: "u:/${a.x}", as: z, fallback: 1})"), "a left out");
  EXPECT_EQ(missing(std::string(kA) +
                    R"(z: {get: "u:/${a.x}", as: z, fallback: 1, fallback_on: [error, skipped]})"),
            "nothing");
  EXPECT_EQ(missing(std::string(kA) +
                    R"(b: {get: "u:/${a.x}", as: b, fallback: {}}, z: {get: "u:/${b.x}", as: z})"),
            "b left out");
  EXPECT_EQ(
      missing(
          std::string(kA) +
          R"(b: {get: "u:/${a.x}", as: b, fallback: {}, fallback_on: [error, skipped]}, z: {get: "u:/${b.x}", as: z})"),
      "nothing");
}

TEST(ComposeOrder, SaysHowARequiredCallIsMadeSure) {
  EXPECT_THAT(
      problems(
          R"yaml(a: {get: "u:/", when: "has(query.x)", fallback: {id: 1}}, b: {get: "u:/${a.id}", required: true, as: b})yaml"),
      HasSubstr("refers to `a`, which may be left out; give `a` or `b` a `fallback` and write `fallback_on: "
                "[error, skipped]`"));
}

}  // namespace
}  // namespace sluice::compose::order_test
