// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/failures_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/admin/failed.h"

namespace sluice::admin::failures_page_test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FailuresPage, ReadsWhatIsAskedFor) {
  auto asked = failures_asked("?limit=20&route=my%20orders&reason=timeout_total&as=text");

  EXPECT_EQ(asked.fault, "");
  EXPECT_EQ(asked.query.limit, 20U);
  EXPECT_EQ(asked.query.route, "my orders");
  EXPECT_EQ(asked.query.reason, "timeout_total");
  EXPECT_TRUE(asked.as_text);
  EXPECT_EQ(failures_asked("").query.limit, 100U);
}

TEST(FailuresPage, SaysWhatIsWrongWithAQuery) {
  EXPECT_THAT(failures_asked("?limit=0").fault, HasSubstr("`limit`"));
  EXPECT_THAT(failures_asked("?limit=many").fault, HasSubstr("`limit`"));
  EXPECT_THAT(failures_asked("?as=xml").fault, HasSubstr("`as`"));
  EXPECT_THAT(failures_asked("?rout=x").fault, HasSubstr("no parameter `rout`"));
}

TEST(FailuresPage, ListsThemUnderTheNamesOfTheAccessLog) {
  auto page = failures_page({{failed()}, 1});

  for (auto part :
       {"\"workers_silent\": 1", "\"request_id\": \"req-1\"", "\"status\": 504",
        "\"reason\": \"timeout_first_byte\"", "\"route\": \"orders\"", "\"target\": \"10.0.0.4:8080\"",
        "\"duration_ms\": 30003.700", "\"auth_ms\": 1.250", "\"time\": \"2027-01-15T08:00:00.000Z\""})
    EXPECT_THAT(page, HasSubstr(part));
  EXPECT_THAT(page, Not(HasSubstr("queue_ms")));
}

TEST(FailuresPage, IsEmptyWhenNothingFailed) { EXPECT_EQ(failures_page({}), "{\n \"failures\": []\n}\n"); }

TEST(FailuresPage, ExplainsOneOfThem) {
  auto page = failure_page(failed(), surroundings());

  for (auto part :
       {"\"setting\": \"timeouts.first_byte\"", "\"title\": \"First byte timeout\"",
        "\"config_in_force\": true", "\"route_from\": \"gateway.yaml:7:5\"", "\"value\": \"30s\""})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(FailuresPage, SaysThatTheConfigurationHasChanged) {
  auto now = surroundings();
  now.config_hash = "another";
  now.route.reset();

  EXPECT_THAT(failure_page(failed(), now), HasSubstr("\"config_in_force\": false"));
}

}  // namespace
}  // namespace sluice::admin::failures_page_test
