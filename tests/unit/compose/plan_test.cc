// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

#include "tests/support/fake_builder.h"

namespace sluice::compose {
namespace {

using testing::HasSubstr;

const chain::CallsGoThrough kForwarder{
    [](const chain::CallSettings&, chain::Builder&) -> std::shared_ptr<const chain::Handler> {
      return nullptr;
    }};

struct Made {
  std::unique_ptr<Plan> plan;
  std::string problems;
};

Made made(std::string_view yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(std::string(yaml), diagnostics);
  auto config = config::bind<ComposeConfig>(document, diagnostics);
  Made out;
  out.problems = diagnostics.text();
  if (!out.problems.empty()) return out;
  test::FakeBuilder builder;
  builder.facts.captures = {"id"};
  out.plan = std::make_unique<Plan>(config, builder);
  out.problems = builder.problems;
  return out;
}
std::string problems(std::string_view calls) { return made("calls: {" + std::string(calls) + "}").problems; }

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
  EXPECT_EQ(m.plan->drawn(), R"(compose, no limit of time
  a GET u
    b GET u, after a
      c GET u, after a and b, if a.y == 1 && b.z == 2
      d GET u, after b, for each value, 8 at a time
)");
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

TEST(ComposePlan, WarnsOfCallsWhoseMembersMayCollide) {
  EXPECT_THAT(problems(R"(a: {get: "u:/"}, b: {get: "u:/"})"),
              HasSubstr("warning: calls.b: `a` and `b` have no `as`"));
  EXPECT_EQ(problems(R"(a: {get: "u:/"}, b: {get: "u:/", hide: true})"), "");
}

}  // namespace
}  // namespace sluice::compose
