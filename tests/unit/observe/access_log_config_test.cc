// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/access_log_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::observe::access_log_config_test {
namespace {

using namespace config::literals;

struct Root {
  AccessLogConfig access_log;
  bool operator==(const Root&) const = default;
};
void describe(config::Description<Root>& d) {
  d.about("root", "A file that has nothing but an access log.");
  d.field("access_log", &Root::access_log, "The access log.");
}

AccessLogConfig bound(const std::string& yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(yaml, diagnostics);
  config::Names names;
  auto root = config::bind<Root>(document, diagnostics, names);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.text();
  return root.access_log;
}

std::string refused(const std::string& yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(yaml, diagnostics);
  config::Names names;
  auto root = config::bind<Root>(document, diagnostics, names);
  EXPECT_TRUE(diagnostics.has_errors());
  return diagnostics.text();
}

TEST(AccessLogConfig, WritesJsonToStandardOutputByDefault) {
  AccessLogConfig config = bound("{}");

  EXPECT_TRUE(config.enabled);
  EXPECT_EQ(config.format, LogFormat::json);
  EXPECT_EQ(config.to, "stdout");
}

TEST(AccessLogConfig, ReadsEverySetting) {
  AccessLogConfig config = bound(
      "access_log: {format: logfmt, to: /tmp/a.log, redact_query: [pin], buffer: 2MiB, enabled: false}\n");

  EXPECT_EQ(config.format, LogFormat::logfmt);
  EXPECT_EQ(config.to, "/tmp/a.log");
  EXPECT_EQ(config.redact_query, std::vector<std::string>{"pin"});
  EXPECT_EQ(config.buffer, 2_MiB);
  EXPECT_FALSE(config.enabled);
}

TEST(AccessLogConfig, ChoosesLines) {
  AccessLogConfig config = bound("access_log: {when: status >= 500, sample: 1%}\n");

  EXPECT_EQ(config.when->text(), "status >= 500");
  EXPECT_EQ(config.sample, config::Percent{1});
  EXPECT_FALSE(bound("{}").when);
  EXPECT_FALSE(config == bound("access_log: {when: status >= 400, sample: 1%}\n"));
}

TEST(AccessLogConfig, TakesALineOfOnesOwn) {
  EXPECT_EQ(bound("access_log: {template: '${status} ${path}'}\n").line->text(), "${status} ${path}");
}

TEST(AccessLogConfig, GoesToACollector) {
  EXPECT_EQ(bound("access_log: {otlp: 'http://c:4318'}\n").otlp->endpoint, "http://c:4318");
  EXPECT_FALSE(bound("{}").otlp);
}

TEST(AccessLogConfig, HasShortForms) {
  EXPECT_EQ(bound("access_log: {claims: tenant}\n").claims, std::vector<std::string>{"tenant"});
  EXPECT_EQ(bound("access_log: combined\n").format, LogFormat::combined);
  EXPECT_FALSE(bound("access_log: off\n").enabled);
}

TEST(AccessLogConfig, RefusesWhatCannotWork) {
  EXPECT_THAT(refused("access_log: {format: xml}\n"), testing::HasSubstr("json"));
  EXPECT_THAT(refused("access_log: {claims: ['a b']}\n"), testing::HasSubstr("without blanks"));
  EXPECT_THAT(refused("access_log: {claims: [" + std::string(65, 'a') + "]}\n"),
              testing::HasSubstr("64 bytes"));
  EXPECT_THAT(refused("access_log: {claims: [a, b, c, d, e, f, g, h, i]}\n"), testing::HasSubstr("claims"));
  EXPECT_THAT(refused("access_log: {to: ''}\n"), testing::HasSubstr("to"));
  EXPECT_THAT(refused("access_log: {buffer: 1KiB}\n"), testing::HasSubstr("256KiB"));
  EXPECT_THAT(refused("access_log: {when: statsu > 1}\n"), testing::HasSubstr("did you mean \"status\"?"));
  EXPECT_THAT(refused("access_log: {template: '${statsu}'}\n"),
              testing::HasSubstr("did you mean \"status\"?"));
  EXPECT_THAT(refused("access_log: {template: '${status}', format: json}\n"), testing::HasSubstr("format"));
  EXPECT_THAT(refused("access_log: {to: 'syslog://10.0.0.5'}\n"), testing::HasSubstr("has no port"));
  EXPECT_THAT(refused("access_log: {to: stdout, otlp: 'http://c'}\n"), testing::HasSubstr("otlp"));
  EXPECT_THAT(refused("access_log: {format: json, otlp: 'http://c'}\n"), testing::HasSubstr("otlp"));
  EXPECT_THAT(refused("access_log: {sample: 101%}\n"), testing::HasSubstr("sample"));
}

}  // namespace
}  // namespace sluice::observe::access_log_config_test
