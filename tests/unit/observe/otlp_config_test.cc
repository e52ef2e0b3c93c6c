// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/otlp_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::observe::otlp_config_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Root {
  OtlpConfig otlp;
  bool operator==(const Root&) const = default;
};
void describe(config::Description<Root>& d) {
  d.about("root", "A file that has nothing but a collector.");
  d.field("otlp", &Root::otlp, "The collector.");
}

OtlpConfig bound(const std::string& yaml, std::string* said = nullptr) {
  config::Diagnostics diagnostics;
  auto document = config::parse("otlp: " + yaml + "\n", diagnostics);
  auto root = config::bind<Root>(document, diagnostics);
  if (said) *said = diagnostics.text();
  return root.otlp;
}

std::string wrong(const std::string& yaml) {
  std::string said;
  bound(yaml, &said);
  return said;
}

TEST(OtlpConfig, NeedsNothingButTheCollector) {
  auto c = bound("'http://collector:4318'");

  EXPECT_EQ(c.endpoint, "http://collector:4318");
  EXPECT_EQ(c.service_name, "sluice");
  EXPECT_EQ(c.batch, 1000u);
  EXPECT_EQ(c.interval, 1s);
}

TEST(OtlpConfig, ReadsEverySetting) {
  auto c = bound(
      "{endpoint: 'https://c/otlp/v1/logs', headers: {x-key: abc}, ca: pem, service_name: edge, "
      "resource: {deployment.environment.name: test}, batch: 10, interval: 200ms, timeout: 3s, retry_for: "
      "2m}");

  EXPECT_EQ(c.headers.find("x-key")->value, "abc");
  EXPECT_EQ(*c.resource.find("deployment.environment.name"), "test");
  EXPECT_EQ(c.batch, 10u);
  EXPECT_EQ(c.interval, 200ms);
  EXPECT_EQ(c.timeout, 3s);
  EXPECT_EQ(c.retry_for, 2min);
}

TEST(OtlpConfig, RefusesWhatCannotWork) {
  EXPECT_THAT(wrong("{}"), HasSubstr("endpoint"));
  EXPECT_THAT(wrong("'collector:4318'"), HasSubstr("a URL such as http://collector:4318"));
  EXPECT_THAT(wrong("{endpoint: 'http://c', headers: {'a b': x}}"), HasSubstr("no header field"));
  EXPECT_THAT(wrong("{endpoint: 'http://c', headers: {Host: x}}"), HasSubstr("no header field"));
  EXPECT_THAT(wrong("{endpoint: 'http://c', headers: {x-key: \"a\\nb\"}}"), HasSubstr("cannot be sent"));
  EXPECT_THAT(wrong("{endpoint: 'http://c', resource: {service.name: x}}"), HasSubstr("service_name"));
  EXPECT_THAT(wrong("{endpoint: 'http://c', batch: 0}"), HasSubstr("batch"));
}

}  // namespace
}  // namespace sluice::observe::otlp_config_test
