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
  return m.plan->calls[found->call].name + (found->left_out        ? " left out"
                                            : found->unfit.empty() ? " failed"
                                                                   : " unfit: " + found->unfit);
}

TEST(ComposeOrder, KnowsWhatMayBeMissing) {
  EXPECT_EQ(missing(R"(a: {get: "u:/"}, z: {get: "u:/${a.x}", as: z})"), "a failed");
  EXPECT_EQ(missing(R"(a: {get: "u:/", required: true}, z: {get: "u:/${a.x}", as: z})"), "nothing");
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {x: 1}}, z: {get: "u:/${a.x}", as: z})"), "nothing");
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {}, fallback_on: ["404"]}, z: {get: "u:/${a.x}", as: z})"),
            "a failed");
  EXPECT_EQ(missing(R"(a: {get: "u:/"}, z: {get: "u:/${a.x}", as: z, fallback: 1})"), "nothing");
}

TEST(ComposeOrder, LooksForWhatIsNeededInAFallback) {
  constexpr const char* kNoX = "a unfit: there is no `${a.x}`";
  for (auto fallback : {"{}", "[]", "null", "{x: null}", "{y: {x: 1}}"})
    EXPECT_EQ(
        missing("a: {get: 'u:/', fallback: " + std::string(fallback) + "}, z: {get: 'u:/${a.x}', as: z}"),
        kNoX)
        << fallback;
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {x: {}}}, z: {get: "u:/${a.x}", as: z})"),
            "a unfit: `${a.x}` is an object");
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {x: ""}}, z: {get: "u:/${a.x}", as: z})"),
            "a unfit: `${a.x}` is empty");
  for (auto use : {R"(get: "u:/", query: {q: "${a.x}"})", R"(get: "u:/", headers: {X: "${a.x}"})",
                   R"(post: "u:/", body: "${a.x}")", R"(post: "u:/", json: {v: "${a.x}"})"})
    EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {}}, z: {as: z, )" + std::string(use) + "}"), kNoX) << use;
  // What is sent as JSON may be anything that is there.
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {x: {}}}, z: {post: "u:/", json: {v: "${a.x}"}, as: z})"),
            "nothing");
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {x: null}}, z: {post: "u:/", json: ["${a.x}"], as: z})"),
            "nothing");
  // Also of a call that is required itself.
  EXPECT_EQ(missing(R"(a: {get: "u:/", required: true, fallback: {}}, z: {get: "u:/${a.x}", as: z})"), kNoX);
}

TEST(ComposeOrder, LooksIntoNoFallbackOfWhichNothingMayBeAsked) {
  EXPECT_EQ(
      missing(R"yaml(a: {get: "u:/", fallback: {}}, z: {get: "u:/${a.x}", when: "has(a.x)", as: z})yaml"),
      "nothing");
  EXPECT_EQ(
      missing(R"(a: {get: "u:/", fallback: {}}, z: {each: "${a.l[]}", get: "u:/${each}/${a.x}", as: z})"),
      "nothing");
  EXPECT_EQ(missing(R"(a: {get: "u:/", fallback: {}}, z: {get: "u:/${a.x}", as: z, fallback: 1})"),
            "nothing");
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
          R"(b: {get: "u:/${a.x}", as: b, fallback: {x: 1}, fallback_on: [error, skipped]}, z: {get: "u:/${b.x}", as: z})"),
      "nothing");
}

TEST(ComposeOrder, SaysWhatAFallbackLacks) {
  EXPECT_THAT(
      problems(R"(a: {get: "u:/", fallback: {}, as: a}, b: {get: "u:/${a.id}", required: true, as: b})"),
      HasSubstr(
          "calls.b.required: the call refers to `a`, whose fallback does not do: there is no `${a.id}`; "
          "put that into the fallback of `a`, or give `b` one for every `error`"));
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
