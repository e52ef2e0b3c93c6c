// SPDX-License-Identifier: Apache-2.0
// What becomes of header fields with an underscore in their names, by `defaults.underscore_headers`.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::underscores_test {
namespace {

constexpr const char* kRoutes = R"(
routes:
  - {name: all, match: {path: /**}, to: one}
  - {name: marked, match: {path: /**, header: {X_Mark: present}}, respond: 204}
)";

Response ask(Gateway& gw) {
  gw.upstream("one").answers(200, "one");
  return gw.get("/", "X_Mark: 1\r\nX-Mark: 2\r\n");
}

TEST(UnderscoreHeaders, ArePartOfTheRequestUnlessSomethingElseIsSaid) {
  Gateway gw(kRoutes);
  EXPECT_EQ(ask(gw).status, 204);
}

TEST(UnderscoreHeaders, AreSeenByNeitherRouteNorServiceWhereTheyAreDropped) {
  Gateway gw(std::string("defaults: {underscore_headers: drop}") + kRoutes);
  EXPECT_EQ(ask(gw).body, "one");
  EXPECT_EQ(gw.upstream("one").request(0).count("X_Mark"), 0u);
  EXPECT_EQ(gw.upstream("one").request(0).value("X-Mark"), "2");
}

TEST(UnderscoreHeaders, MakeABadRequestWhereTheyAreRefused) {
  Gateway gw(std::string("defaults: {underscore_headers: refuse}") + kRoutes);
  EXPECT_THAT(ask(gw), Refused(400, "bad_request"));
  EXPECT_EQ(gw.get("/", "X-Mark: 2\r\n").body, "one");
}

}  // namespace
}  // namespace sluice::test::underscores_test
