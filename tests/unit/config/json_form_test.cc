// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gateway/config/write.h"

#include "tests/unit/config/sample.h"

namespace sluice::config::json_form_test {
namespace {

using testing::HasSubstr;
using testing::Not;

JsonForm formed(const std::string& yaml) {
  Diagnostics diagnostics;
  Document document = parse(yaml, diagnostics);
  auto root = bind<sample::Root>(document, diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  return json_form(root, &document);
}

TEST(JsonForm, HasEveryDefaultAndNoSecret) {
  auto form = formed(
      "version: 1\n"
      "upstreams: {a: {targets: \"10.0.0.1:80\", health: /h, password: geheim, pin: 12}}\n"
      "policies: {p: {rate_limit: {limit: 60/min}}}\n"
      "routes: [{name: r, use: [p], to: a}, {name: s, json: {k: [1, no]}}]\n");

  EXPECT_THAT(form.text, HasSubstr(R"("version":1,"debug":false,"buffer":"64KiB")"));
  EXPECT_THAT(form.text, HasSubstr(R"("targets":["10.0.0.1:80"])"));
  EXPECT_THAT(form.text, HasSubstr(R"("health":{"path":"/h","interval":"5s"})"));
  EXPECT_THAT(form.text, HasSubstr(R"("password":"***","pin":"***")"));
  EXPECT_THAT(form.text, HasSubstr(R"({"rate_limit":{"limit":"60/min","burst":"10%"})"));
  EXPECT_THAT(form.text, HasSubstr(R"("json":{"k":[1,"no"]})"));
  EXPECT_THAT(form.text, Not(HasSubstr("geheim")));
}

TEST(JsonForm, SaysWhereEachValueWasWritten) {
  auto form = formed(
      "version: 1\n"
      "upstreams: {a: {targets: [x:1, y:2], health: /h}}\n"
      "routes: [{name: r, to: a}]\n");

  std::map<std::string, std::string> origins(form.origins.begin(), form.origins.end());
  EXPECT_EQ(origins["version"], "config.yaml:1:10");
  EXPECT_EQ(origins["upstreams.a.targets[1]"], "config.yaml:2:32");
  EXPECT_EQ(origins["upstreams.a.health.path"], "config.yaml:2:46");
  EXPECT_EQ(origins["routes[0].name"], "config.yaml:3:17");
  EXPECT_FALSE(origins.contains("debug"));
  EXPECT_FALSE(origins.contains("upstreams.a.health.interval"));
}

TEST(JsonForm, OfAPartHidesWhatWasPutIn) {
  Diagnostics diagnostics;
  test::FakeEnvironment environment;
  environment.variables = {{"PATH_OF_HEALTH", "/geheim"}};
  Document document = parse(
      "version: 1\nupstreams: {a: {targets: \"10.0.0.1:80\", health: \"${env:PATH_OF_HEALTH}\"}}\n"
      "routes: [{name: r, to: a}]\n",
      diagnostics, "config.yaml", environment);
  auto root = bind<sample::Root>(document, diagnostics);
  ASSERT_EQ(diagnostics.text(), "");

  const Node* node = document.find("upstreams.a.health");
  auto form = json_form_of(*root.upstreams.find("a")->health, document, node);

  EXPECT_EQ(form.text, R"({"path":"***","interval":"5s"})");
}

TEST(JsonForm, NeedsNoDocument) {
  sample::Root root;
  auto form = json_form(root);

  EXPECT_THAT(form.text, HasSubstr("\"buffer\":\"64KiB\""));
  EXPECT_TRUE(form.origins.empty());
}

}  // namespace
}  // namespace sluice::config::json_form_test
