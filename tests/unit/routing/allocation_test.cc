// SPDX-License-Identifier: Apache-2.0
// A lookup is on the path of every request and must not allocate.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "gateway/routing/request_conditions.h"
#include "gateway/routing/table_builder.h"

#include "tests/unit/routing/request.h"

namespace {
thread_local std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }

namespace sluice::routing::allocation_test {
namespace {

TEST(Lookup, AllocatesNothing) {
  Match conditional = match("", "/a/{b}/**", {"GET"});
  conditional.conditions = {
      header_condition("X-A", ValueRule::exactly({"1"})), query_condition("q", ValueRule::exactly({"a b"})),
      cookie_condition("c", ValueRule::present()), header_condition("X-B", ValueRule::exactly({"1, 2"}))};
  std::vector<RouteMatches> routes{route("/a/{b}/{rest...}"), route("conditional", conditional),
                                   route("/a/b/c/d"),
                                   route("host", match("*.example.com", "/{x}/{y}/{z}", {"POST", "PURGE"}))};
  BuiltTable built = build_table(routes);
  Request fits("/a/b/c");
  fits.with("X-A", "1").with("Cookie", "c=d").with("X-B", "1").with("X-B", "2").query("q=a%20b");
  Request refused("BREW", "www.example.com", "/x/y/z");
  Request unknown("/nowhere");

  std::size_t before = allocations;
  Lookup one = built.table.find(fits.head());
  Lookup two = built.table.find(refused.head());
  Lookup three = built.table.find(unknown.head());
  std::size_t during = allocations - before;

  EXPECT_EQ(one.outcome, Lookup::Outcome::matched);
  EXPECT_EQ(one.route, 1u);
  EXPECT_EQ(two.outcome, Lookup::Outcome::method_not_allowed);
  EXPECT_EQ(three.outcome, Lookup::Outcome::no_route);
  EXPECT_EQ(during, 0u);
  EXPECT_GT(before, 0u);
}

}  // namespace
}  // namespace sluice::routing::allocation_test
