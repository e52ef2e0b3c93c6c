// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/compose/plans.h"

namespace sluice::compose::drawn_test {
namespace {

TEST(DrawnPlan, HasCallsBelowThoseThatTheyWaitFor) {
  auto m = made(R"(calls: {
    a: {get: "u:/${path.id}"},
    b: {get: "u:/", query: {x: "${a.x}"}, as: b},
    c: {get: "u:/", when: "a.y == 1 && b.z == 2", as: c},
    d: {each: "${b[].id}", get: "u:/${each}", as: d}})");

  ASSERT_EQ(m.problems, "");
  EXPECT_EQ(m.plan->drawn(), R"(compose, no limit of time
  a GET u
    b GET u, after a
      c GET u, after a and b, if a.y == 1 && b.z == 2
      d GET u, after b, for each value, 8 at a time
)");
}

TEST(DrawnPlan, SaysWhatIsSpecialAboutACall) {
  auto m = made(R"({timeout: 2s, calls: {
    a: {get: "u:/", timeout: 1s, required: true, cache: 30s},
    b: {get: "u:/", fallback: [], hide: true},
    c: {post: "u:/", shadow: true}}})");

  ASSERT_EQ(m.problems, "");
  EXPECT_EQ(m.plan->drawn(), R"(compose, 2s for all calls
  a GET u, 1s, required, kept for 30s
  b GET u, has a fallback, hidden
  c POST u, not waited for
)");
}

TEST(DrawnPlan, SaysWhichTimeACallInheritsIfItIsShorter) {
  auto m = made(
      R"({timeout: 2s, calls: {a: {get: "u:/"}, b: {get: "u:/", as: b}, c: {get: "u:/", timeout: 3s, as: c}}})");
  ASSERT_NE(m.plan, nullptr) << m.problems;
  m.plan->calls[0].inherited = std::chrono::seconds(1);
  m.plan->calls[1].inherited = std::chrono::seconds(2);
  m.plan->calls[2].inherited = std::chrono::seconds(1);

  EXPECT_EQ(m.plan->drawn(), R"(compose, 2s for all calls
  a GET u, 1s inherited
  b GET u
  c GET u, 3s
)");
}

TEST(DrawnPlan, SaysWhichBodiesItHolds) {
  auto m = made(R"(calls: {
    a: {post: "u:/", forward: {body: true}, max_body: 1KiB},
    b: {each: "${a[].id}", get: "u:/${each}", as: b},
    c: {post: "u:/", shadow: true}})");

  ASSERT_EQ(m.problems, "");
  std::string told;
  for (const auto& h : m.plan->holds())
    told += (h.whose == chain::Holding::Whose::request ? "request " : "response ") +
            std::to_string(h.at_most) + " " + h.purpose + "\n";
  EXPECT_EQ(told,
            "request 1048576 to send them with calls\n"
            "response 1024 as the answer to `a`\n"
            "response 4194304 as each of the answers to `b`\n");
}

TEST(DrawnPlan, SaysThatItIsStreamed) {
  EXPECT_TRUE(made(R"({stream: true, calls: {a: {get: "u:/"}}})")
                  .plan->drawn()
                  .starts_with("compose, no limit of time, in lines\n"));
}

}  // namespace
}  // namespace sluice::compose::drawn_test
