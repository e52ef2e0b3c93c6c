// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/table_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/routing/request.h"

namespace sluice::routing::table_builder_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(TableBuilder, MakesAnEmptyTableOfNoRoutes) {
  BuiltTable built = build_table({});

  EXPECT_THAT(built.findings, IsEmpty());
  EXPECT_EQ(built.table.find(Request("/").head()).outcome, Lookup::Outcome::no_route);
}

TEST(TableBuilder, MatchesNothingByARouteWithoutMatches) {
  std::vector<RouteMatches> routes{{"a", 0, {}}, route("/b")};

  BuiltTable built = build_table(routes);

  EXPECT_EQ(built.table.find(Request("/a").head()).outcome, Lookup::Outcome::no_route);
  EXPECT_EQ(built.table.find(Request("/b").head()).route, 1u);
}

TEST(TableBuilder, ReportsMoreExtensionMethodsThanATableCanHold) {
  Match m = match("", "/a");
  for (int i = 0; i < 55; ++i) m.methods.push_back("X-" + std::to_string(i));
  std::vector<RouteMatches> routes{route("/b"), route("many", m)};

  BuiltTable built = build_table(routes);

  ASSERT_THAT(built.findings, SizeIs(1));
  EXPECT_EQ(built.findings[0].route, 1u);
  EXPECT_THAT(built.findings[0].text, HasSubstr("X-54"));
}

TEST(TableBuilder, KeepsTheTableCompleteInSpiteOfTies) {
  std::vector<RouteMatches> routes{route("/a"), route("/a"), route("/b")};

  BuiltTable built = build_table(routes);

  EXPECT_THAT(built.findings, SizeIs(1));
  EXPECT_EQ(built.table.find(Request("/a").head()).route, 0u);
  EXPECT_EQ(built.table.find(Request("/b").head()).route, 2u);
}

TEST(TableBuilder, Holds10000RoutesInAFewMebibytes) {
  std::vector<RouteMatches> routes;
  for (int i = 0; i < 10'000; ++i) {
    std::string n = std::to_string(i);
    routes.push_back(route("r" + n, match("tenant-" + std::to_string(i % 100) + ".example.com",
                                          "/api/v1/service-" + n + "/items/{id}", {"GET", "POST"})));
  }

  BuiltTable built = build_table(routes);

  EXPECT_THAT(built.findings, IsEmpty());
  EXPECT_LT(built.table.memory(), 6u << 20);
  for (int i = 0; i < 10'000; i += 37) {
    Request request("GET", "tenant-" + std::to_string(i % 100) + ".example.com",
                    "/api/v1/service-" + std::to_string(i) + "/items/42");
    ASSERT_EQ(built.table.find(request.head()).route, static_cast<std::uint32_t>(i));
  }
}

}  // namespace
}  // namespace sluice::routing::table_builder_test
