// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/quotas_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::admin::quotas_page_test {
namespace {

using testing::HasSubstr;

TEST(QuotaQuery, NamesAPolicyAndAKey) {
  auto asked = quota_query_of("?policy=plan&key=consumer%3Dacme%7Croute%3Da+b");
  EXPECT_EQ(asked.fault, "");
  EXPECT_EQ(asked.policy, "plan");
  EXPECT_EQ(asked.key, "consumer=acme|route=a b");
  EXPECT_EQ(quota_query_of("").fault, "");
}

TEST(QuotaQuery, SaysWhatIsWrongWithIt) {
  auto fault = [](std::string_view query) { return quota_query_of(query).fault; };
  EXPECT_THAT(fault("?consumer=acme"), HasSubstr("no parameter `consumer`"));
  EXPECT_THAT(fault("?key=a"), HasSubstr("`policy` is missing"));
  EXPECT_THAT(fault("?policy="), HasSubstr("`policy` is empty"));
  EXPECT_THAT(fault("?policy=a&policy=b"), HasSubstr("`policy` is there twice"));
}

TEST(QuotasPage, ShowsWhatWasUsedInWhichPeriod) {
  QuotaReport report{"plan", "memory", "Europe/Berlin", {{"", "10/day"}, {"gold", "unlimited"}}, {}, {}};
  report.uses.push_back(
      {"consumer=\"a\"", "day", "2026-11-29", "2026-11-29T00:00:00+01:00", "2026-11-30T00:00:00+01:00", 7});
  EXPECT_EQ(quotas_page({report}),
            "{\"quotas\":[\n"
            "  {\"policy\":\"plan\",\"store\":\"memory\",\"time_zone\":\"Europe/Berlin\","
            "\"tiers\":[{\"tier\":null,\"limits\":\"10/day\"},{\"tier\":\"gold\",\"limits\":\"unlimited\"}],"
            "\"note\":null,\"used\":[\n"
            "   {\"key\":\"consumer=\\\"a\\\"\",\"unit\":\"day\",\"period\":\"2026-11-29\",\"used\":7,"
            "\"begin\":\"2026-11-29T00:00:00+01:00\",\"end\":\"2026-11-30T00:00:00+01:00\"}]}]}\n");
}

TEST(QuotasPage, IsEmptyWithoutQuotas) { EXPECT_EQ(quotas_page({}), "{\"quotas\":[]}\n"); }

}  // namespace
}  // namespace sluice::admin::quotas_page_test
