// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/config_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::admin::config_page_test {
namespace {

using testing::HasSubstr;

TEST(ConfigPage, HasTheConfigurationAndWhereItIsWritten) {
  ConfigReport report;
  report.hash = "00ff";
  report.source = "gateway.yaml";
  report.files = {"gateway.yaml", "conf.d/a.yaml"};
  report.loaded = base::WallTime(std::chrono::seconds(1'800'000'000));
  report.config = "{\"version\":1}";
  report.origins = {{"version", "gateway.yaml:1:10"}};

  auto page = config_page(report);

  for (auto part :
       {"\"hash\": \"00ff\"", "\"source\": \"gateway.yaml\"", "\"loaded\": \"2027-01-15T08:00:00.000Z\"",
        "\"conf.d/a.yaml\"", "\"config\": {\"version\":1}", "\"version\": \"gateway.yaml:1:10\""})
    EXPECT_THAT(page, HasSubstr(part));
}

}  // namespace
}  // namespace sluice::admin::config_page_test
