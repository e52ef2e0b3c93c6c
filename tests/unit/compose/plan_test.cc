// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/compose/plans.h"

namespace sluice::compose::plan_test {
namespace {

using testing::HasSubstr;

TEST(ComposePlan, FindsOutWhoWaitsForWhom) {
  auto m = made(R"(calls: {
    a: {get: "u:/${path.id}"},
    b: {get: "u:/", query: {x: "${a.x}"}, as: b},
    c: {get: "u:/", when: "a.y == 1 && b.z == 2", as: c},
    d: {each: "${b[].id}", get: "u:/${each}", as: d}})");

  ASSERT_EQ(m.problems, "");
  EXPECT_EQ(m.plan->calls[0].dependents, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(m.plan->calls[2].needs, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(m.plan->calls[3].needs, (std::vector<std::uint32_t>{1}));
}

TEST(ComposePlan, SaysWhyAConditionCannotNameACall) {
  EXPECT_THAT(problems(R"(my-call: {get: "u:/"}, b: {get: "u:/", when: "my-call.x == 1", as: b})"),
              HasSubstr("in a condition `-` subtracts: call `my-call` without one"));
}

TEST(ComposePlan, RefusesCircles) {
  EXPECT_THAT(
      problems(R"(a: {get: "u:/${b.x}"}, b: {get: "u:/${c.x}", as: b}, c: {get: "u:/${b.x}", as: c})"),
      HasSubstr("waits for itself: b -> c -> b"));
  EXPECT_THAT(problems(R"(a: {get: "u:/${a.x}"})"), HasSubstr("waits for itself: a -> a"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", as: a, join: {on: x, with: b.y}},
                          b: {get: "u:/", as: b, join: {on: x, with: a.y}})"),
              HasSubstr("lead back to it"));
}

TEST(ComposePlan, ProposesNamesThatAreKnown) {
  EXPECT_THAT(problems(R"(user: {get: "u:/"}, b: {get: "u:/${usr.x}", as: b})"),
              HasSubstr("did you mean \"user\""));
  EXPECT_THAT(problems(R"(user: {get: "u:/${path.ids}"})"), HasSubstr("did you mean \"${path.id}\""));
  EXPECT_THAT(problems(R"(user: {get: "u:/", as: a}, b: {get: "u:/", as: b, zip: usr})"),
              HasSubstr("no call `usr`"));
  EXPECT_THAT(problems(R"(user: {get: "u:/", when: "usr.x == 1"})"), HasSubstr("did you mean \"user\""));
}

TEST(ComposePlan, SaysWhereATextIsWrong) {
  EXPECT_THAT(problems(R"(a: {get: "u:/"}, b: {get: "u:/x/${a..x}", as: b})"), HasSubstr("(at character 8)"));
  EXPECT_THAT(problems(R"(a: {get: "u:/${"})"), HasSubstr("is not closed"));
  EXPECT_THAT(problems(R"(a: {get: "u:/${each}"})"), HasSubstr("no `each` in this call"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", as: a}, b: {each: "${a[]}", get: "u:/", as: b})"),
              HasSubstr("nothing in this call uses ${each}"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", when: "path.id == 1"})"),
              HasSubstr("compares a text with a number"));
}

TEST(ComposePlan, RefusesARequiredCallThatHangsOnOneThatMayBeMissing) {
  EXPECT_THAT(problems(R"(a: {get: "u:/"}, b: {get: "u:/${a.x}", required: true, as: b})"),
              HasSubstr("refers to `a`, which may be missing; make `a` required too"));
  EXPECT_EQ(problems(R"(a: {get: "u:/", required: true}, b: {get: "u:/${a.x}", required: true, as: b})"), "");
  EXPECT_EQ(problems(R"(a: {get: "u:/", fallback: {x: 1}}, b: {get: "u:/${a.x}", required: true, as: b})"),
            "");
}

TEST(ComposePlan, RefusesWhatMakesNoSense) {
  EXPECT_THAT(problems(R"(query: {get: "u:/"})"), HasSubstr("is the name of a variable already"));
  EXPECT_THAT(problems(R"("a b": {get: "u:/"})"), HasSubstr("letters, digits"));
  EXPECT_THAT(problems(R"(a: {get: "http://u/"})"), HasSubstr("names an upstream, not a URL"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", body: x})"), HasSubstr("a call of `get` has no body"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", headers: {Host: x}})"),
              HasSubstr("the gateway itself sets this field"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", as: "a[]"})"), HasSubstr("must be a name"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", only: "a[0]"})"), HasSubstr("must end in the name of a member"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", fallback_on: [timeout]})"), HasSubstr("there is no `fallback`"));
}

TEST(ComposePlan, TellsWhichFieldsSayWhoCalls) {
  auto m = made(R"(calls: {
    a: {get: "u:/", headers: {X-Member: "m ${consumer.id}", X-Plain: "${client.ip} ${path.id}"}, as: a},
    b: {get: "u:/", headers: {X-From-A: "${a.x}"}, as: b},
    c: {post: "u:/", shadow: true, headers: {X-Sub: "${claim.sub}"}}})");

  ASSERT_EQ(m.problems, "");
  EXPECT_EQ(m.told, "X-Member\nX-Sub\n");
}

TEST(ComposePlan, KnowsWhenAFallbackIsTaken) {
  using Kind = FallbackCase::Kind;
  auto m =
      made(R"(calls: {a: {get: "u:/", as: a, fallback: 1, fallback_on: [timeout, "404", 5xx, skipped]}})");
  ASSERT_EQ(m.problems, "");
  EXPECT_EQ(
      m.plan->calls[0].fallback_on,
      (std::vector<FallbackCase>{
          {Kind::timeout, 0, 0}, {Kind::status, 404, 404}, {Kind::status, 500, 599}, {Kind::skipped, 0, 0}}));
  EXPECT_TRUE(m.plan->calls[0].takes(503));
  EXPECT_FALSE(m.plan->calls[0].takes(403));
  for (std::string wrong : {"6xx", "50x", "4", "xx", "always"})
    EXPECT_NE(problems("a: {get: 'u:/', fallback: 1, fallback_on: ['" + wrong + "']}"), "") << wrong;
}

TEST(ComposePlan, KnowsTheTypesOfReferences) {
  EXPECT_THAT(
      problems(R"(a: {get: "u:/", expect: array, as: a}, b: {get: "u:/${a.x}", as: b})"),
      HasSubstr("`a` is a list (at character 4); `a[].x` is that of each item, `a[0].x` that of the first"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", expect: object}, b: {get: "u:/${a[0]}", as: b})"),
              HasSubstr("`a` is an object, not a list"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", expect: object}, b: {each: "${a}", get: "u:/${each}", as: b})"),
              HasSubstr("calls.b.each: is an object, not a list"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", pick: "x[].y", as: a}, b: {get: "u:/", when: "a.x == 1", as: b})"),
              HasSubstr("calls.b.when: `a` is a list (at character 1)"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", expect: array, as: a}, b: {get: "u:/", when: "a > 1", as: b})"),
              HasSubstr("compares a list with a number"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", expect: array, as: a, only: id})"),
              HasSubstr("calls.a.only[0]: the value is a list: paths begin with `[]`"));
  EXPECT_THAT(problems(R"(a: {get: "u:/", expect: object, rename: {"[].x": y}})"),
              HasSubstr("the value is no list"));
  EXPECT_EQ(
      problems(R"(a: {get: "u:/", expect: array, as: a, fallback: {x: 1}}, b: {get: "u:/${a.x}", as: b})"),
      "");
  EXPECT_EQ(problems(R"(a: {get: "u:/", expect: array, as: a, fallback: []},
                        b: {get: "u:/${a[].x}", as: b, when: "size(a) > 1 && a[0].x * 2 > 7"})"),
            "");
}

TEST(ComposePlan, LooksForNoPartsInAText) {
  for (auto setting : {"pick: x", "expect: object", "only: x", "move: {x: y}", "zip: b",
                       "join: {on: x, with: b.y}", "each: '${b[]}', batch: 2, query: {q: '${each}'}"})
    EXPECT_THAT(problems("a: {get: 'u:/', format: text, as: a, " + std::string(setting) +
                         "}, b: {get: 'u:/', as: b}"),
                HasSubstr("makes no sense with `format: text`: a text has no parts"))
        << setting;
  constexpr const char* kA = R"(a: {get: "u:/", format: text, as: a}, )";
  EXPECT_EQ(problems(std::string(kA) + R"(b: {get: "u:/${a}", as: b, when: "a == 'x'"})"), "");
  EXPECT_THAT(problems(std::string(kA) + R"(b: {get: "u:/${a.x}", as: b})"), HasSubstr("`a` is a text"));
  EXPECT_THAT(problems(std::string(kA) + R"(b: {get: "u:/", when: "a.x == 1", as: b})"),
              HasSubstr("calls.b.when: `a` is a text"));
}

TEST(ComposePlan, RefusesToEnrichByWhatIsNoList) {
  constexpr const char* kWhy = "`b` is an object, not a list";
  EXPECT_THAT(problems(R"(a: {get: "u:/", as: a, zip: b}, b: {get: "u:/", as: b, expect: object})"),
              HasSubstr(kWhy));
  EXPECT_THAT(problems(R"(a: {get: "u:/", as: a, expect: object, zip: b}, b: {get: "u:/", as: b})"),
              HasSubstr("calls.a.zip: the value is an object, not a list"));
  EXPECT_THAT(
      problems(
          R"(a: {get: "u:/", as: a, join: {on: x, with: b.id}}, b: {get: "u:/", as: b, expect: object})"),
      HasSubstr(kWhy));
  EXPECT_EQ(problems(R"(a: {get: "u:/", as: a, expect: object, join: {on: x, with: "b.items[].id"}},
                        b: {get: "u:/", as: b, expect: object})"),
            "");
}

TEST(ComposePlan, GivesNoTwoMembersOneName) {
  EXPECT_THAT(problems(R"(a: {get: "u:/", rename: {x: z, y: z}})"),
              HasSubstr("calls.a.rename.y: another member gets that name already"));
  EXPECT_THAT(made(R"({rename: {x: z, y: z}, calls: {a: {get: "u:/"}}})").problems,
              HasSubstr("rename.y: another member gets that name already"));
  EXPECT_EQ(problems(R"(a: {get: "u:/", rename: {x: z, b.y: z}})"), "");
}

TEST(ComposePlan, KeepsAnswersToGetAlone) {
  EXPECT_THAT(problems(R"(a: {post: "u:/", cache: 30s})"),
              HasSubstr("calls.a.cache: only answers to `get` are kept"));
  EXPECT_THAT(made(R"({raw: a, calls: {a: {get: "u:/", cache: 30s}}})").problems, HasSubstr("is not kept"));
  auto m = made(R"(calls: {a: {get: "u:/", cache: {for: 5s, size: 1MiB}}, b: {get: "u:/", as: b}})");
  ASSERT_EQ(m.problems, "");
  EXPECT_EQ(m.plan->calls[0].keeping->most, std::chrono::seconds(5));
  EXPECT_EQ(m.plan->calls[0].keeping->bytes, std::size_t{1} << 20);
  EXPECT_EQ(m.plan->calls[1].keeping, nullptr);
}

TEST(ComposePlan, PassesNothingOnThatDecidesAboutTheFormOfAnAnswer) {
  for (std::string name : {"accept-encoding", "Range", "If-None-Match", "If-Modified-Since"})
    EXPECT_THAT(problems("a: {get: 'u:/', forward: {headers: [" + name + "]}}"),
                HasSubstr("only the answer of a `raw` call may depend on this field"));
  EXPECT_EQ(made(R"({raw: a, calls: {a: {get: "u:/", forward: {headers: [If-None-Match]}}}})").problems, "");
}

TEST(ComposePlan, AsksForNoAnswerThatHasNothingInIt) {
  for (std::string name : {"If-None-Match", "if-modified-since"}) {
    EXPECT_THAT(problems("a: {get: 'u:/', headers: {" + name + ": '${path.id}'}}"),
                HasSubstr("calls.a.headers." + name + ": an answer of 304 to this field is a failure"));
    // That of a change is a condition, and what names the status knows what to do about it.
    EXPECT_EQ(problems("a: {put: 'u:/', headers: {" + name + ": '*'}}"), "");
    EXPECT_EQ(problems("a: {get: 'u:/', success: [2xx, 304], headers: {" + name + ": x}}"), "");
    EXPECT_EQ(problems("a: {get: 'u:/', fallback: {}, fallback_on: ['304'], headers: {" + name + ": x}}"),
              "");
    EXPECT_EQ(made("{raw: a, calls: {a: {get: 'u:/', headers: {" + name + ": x}}}}").problems, "");
  }
}

TEST(ComposePlan, RefusesWhatNobodyWaitsForWhereItIsNeeded) {
  for (auto setting : {"required: true", "success: 200", "fallback: 1", "pick: x", "as: x", "cache: 1s",
                       "response_headers: ETag", "only: x"})
    EXPECT_THAT(problems("a: {get: 'u:/', shadow: true, " + std::string(setting) + "}"),
                HasSubstr("makes no sense with `shadow`"))
        << setting;
  constexpr const char* kWhy = "refers to `a`, whose answer nobody waits for";
  EXPECT_THAT(problems(R"(a: {get: "u:/", shadow: true}, b: {get: "u:/${a.x}", as: b})"), HasSubstr(kWhy));
  EXPECT_THAT(problems(R"(a: {get: "u:/", shadow: true}, b: {get: "u:/", as: b, zip: a})"), HasSubstr(kWhy));
  EXPECT_THAT(made(R"({json: {a: "${a}"}, calls: {a: {get: "u:/", shadow: true}}})").problems,
              HasSubstr(kWhy));
  EXPECT_THAT(made(R"({raw: a, calls: {a: {get: "u:/", shadow: true}}})").problems, HasSubstr(kWhy));
  EXPECT_EQ(problems(R"(a: {get: "u:/", shadow: true}, b: {get: "u:/", as: b})"), "");
}

}  // namespace
}  // namespace sluice::compose::plan_test
