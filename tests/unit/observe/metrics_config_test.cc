// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/metrics_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/observe/metrics.h"

namespace sluice::observe::metrics_config_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct Root {
  MetricsConfig metrics;
  bool operator==(const Root&) const = default;
};
void describe(config::Description<Root>& d) {
  d.about("root", "A file that has nothing but metrics.");
  d.field("metrics", &Root::metrics, "The metrics.");
}

MetricsConfig bound(const std::string& yaml, std::string& complaints) {
  config::Diagnostics diagnostics;
  auto document = config::parse(yaml, diagnostics);
  config::Names names;
  auto root = config::bind<Root>(document, diagnostics, names);
  complaints = diagnostics.has_errors() ? diagnostics.text() : "";
  return root.metrics;
}

MetricsConfig bound(const std::string& yaml) {
  std::string complaints;
  auto config = bound(yaml, complaints);
  EXPECT_EQ(complaints, "");
  return config;
}

std::string refused(const std::string& family, const std::string& settings) {
  std::string complaints;
  bound("metrics:\n  families:\n    " + family + ": " + settings + "\n", complaints);
  return complaints;
}

TEST(MetricsConfig, ChangesNothingByDefault) {
  auto options = bound("{}").options(3);

  EXPECT_EQ(options.workers, 3u);
  EXPECT_EQ(options.series_budget, 10'000u);
  EXPECT_TRUE(options.families.empty());
}

TEST(MetricsConfig, BecomesOptions) {
  auto options = bound(
                     "metrics:\n"
                     "  series_budget: 50\n"
                     "  families:\n"
                     "    sluice_requests_total: {codes: full, drop: [reason], rename: {route: api, "
                     "code_class: status}}\n"
                     "    sluice_overhead_seconds: off\n")
                     .options(1);

  EXPECT_EQ(options.series_budget, 50u);
  EXPECT_TRUE(options.families.at("sluice_overhead_seconds").off);
  EXPECT_TRUE(options.families.at("sluice_requests_total").full_codes);

  MetricsRegistry registry(options);
  auto route = registry.route("orders");
  route->on(0).begin();
  route->on(0).end({.method = http::Method::get, .status = 204});
  EXPECT_THAT(registry.text(), HasSubstr("sluice_requests_total{api=\"orders\",method=\"GET\",status=\"204\","
                                         "source=\"upstream\"} 1\n"));
  EXPECT_THAT(registry.text(), testing::Not(HasSubstr("sluice_overhead_seconds_count")));
}

TEST(MetricsConfig, SwitchesOnWhatIsOffUnlessItIsNamed) {
  auto exposed = [](const std::string& yaml) {
    SeriesStore store(bound(yaml).options(1));
    return std::pair(!store.off(Family::sluice_request_size_bytes),
                     !store.off(Family::sluice_response_size_bytes));
  };

  EXPECT_EQ(exposed("{}"), std::pair(false, false));
  EXPECT_EQ(exposed("metrics: {families: {sluice_request_size_bytes: on}}\n"), std::pair(true, false));
  EXPECT_EQ(exposed("metrics: {families: {sluice_request_size_bytes: off, sluice_response_size_bytes: {drop: "
                    "[route]}}}\n"),
            std::pair(false, true));
}

TEST(MetricsConfig, CountsConsumersWhereThatIsAskedFor) {
  EXPECT_EQ(MetricsRegistry(bound("{}").options(1)).consumers(), nullptr);
  MetricsRegistry registry(bound("metrics: {top_consumers: 5}\n").options(1));
  ASSERT_NE(registry.consumers(), nullptr);

  registry.consumers()->count(0, "acme", 200);

  EXPECT_THAT(registry.text(),
              HasSubstr("sluice_consumer_requests_total{consumer=\"acme\",code_class=\"2xx\"} 1\n"));
}

TEST(MetricsConfig, KnowsTheMetricsByName) {
  EXPECT_THAT(refused("sluice_request_total", "off"),
              AllOf(HasSubstr("config.yaml:3:"), HasSubstr("no metric sluice_request_total"),
                    HasSubstr("did you mean \"sluice_requests_total\"?")));
}

TEST(MetricsConfig, KnowsTheirLabels) {
  EXPECT_THAT(refused("sluice_requests_total", "{drop: [reasn]}"),
              AllOf(HasSubstr("no label reasn"), HasSubstr("did you mean \"reason\"?")));
  EXPECT_THAT(refused("sluice_requests_total", "{rename: {rout: api}}"),
              HasSubstr("did you mean \"route\"?"));
  EXPECT_THAT(refused("sluice_ready", "{drop: [route]}"), HasSubstr("no label route"));
}

TEST(MetricsConfig, RefusesNamesThatPrometheusWould) {
  for (auto name : {"a-b", "1a", "__a", "le", "''"})
    EXPECT_THAT(refused("sluice_requests_total", "{rename: {route: " + std::string(name) + "}}"),
                HasSubstr("letters, digits and _"))
        << name;
  EXPECT_THAT(refused("sluice_requests_total", "{rename: {route: method}}"),
              HasSubstr("of that name already"));
  EXPECT_THAT(refused("sluice_requests_total", "{rename: {route: a, method: a}}"),
              HasSubstr("cannot have one name"));
}

TEST(MetricsConfig, TellsCodesApartOnlyWhereThereAreSome) {
  EXPECT_THAT(refused("sluice_ready", "{codes: full}"), HasSubstr("does not tell status codes apart"));
  EXPECT_THAT(refused("sluice_request_duration_seconds", "{codes: full}"), HasSubstr("too many series"));
  EXPECT_EQ(refused("sluice_upstream_requests_total", "{codes: full}"), "");
}

}  // namespace
}  // namespace sluice::observe::metrics_config_test
