// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/write.h"

#include "tests/unit/config/sample.h"

namespace sluice::config::schema_test {
namespace {

using testing::HasSubstr;

// The schema is JSON, and JSON is YAML: read it back with our own reader and look things up by path.
class Schema : public testing::Test {
 protected:
  Schema() { EXPECT_EQ(diagnostics_.text(), ""); }
  std::string at(const std::string& path) {
    const Node* node = document_.find(path);
    if (!node) return "(none)";
    return node->kind == Kind::scalar ? std::string(node->text()) : json(*node);
  }
  static std::string json(const Node& node) {
    std::string out;
    for (const Entry& e : node.entries())
      out += (out.empty() ? "" : ", ") + std::string(e.key) + ": " + value(*e.value);
    for (const Node* item : node.items()) out += (out.empty() ? "" : ", ") + value(*item);
    return (node.kind == Kind::mapping ? "{" : "[") + out + (node.kind == Kind::mapping ? "}" : "]");
  }
  static std::string value(const Node& node) {
    return node.kind == Kind::scalar ? std::string(node.text()) : json(node);
  }
  static std::string field(const std::string& definition, const std::string& name) {
    return path("$defs", definition, "properties", name);
  }
  std::string text_ = json_schema<sample::Root>({"https://example.org/s.json", "Sample"});
  Diagnostics diagnostics_;
  Document document_ = parse(text_, diagnostics_);
};

TEST_F(Schema, SaysWhatItIs) {
  EXPECT_EQ(at("[\"$schema\"]"), "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(at("[\"$id\"]"), "https://example.org/s.json");
  EXPECT_EQ(at("title"), "Sample");
  EXPECT_EQ(at("[\"$ref\"]"), "#/$defs/gateway");
}

TEST_F(Schema, DefinesEachStructOnceAndClosesIt) {
  for (auto name :
       {"gateway", "upstream", "health", "timeouts", "policy", "jwt", "rate_limit", "route", "use", "retry"})
    EXPECT_NE(document_.find(path("$defs", name)), nullptr) << name;
  EXPECT_EQ(at("$defs.gateway.additionalProperties"), "false");
  EXPECT_EQ(at("$defs.gateway.required"), "[version]");
  EXPECT_EQ(at("$defs.gateway.description"), "The whole file.");
}

TEST_F(Schema, DescribesNumbersWithBounds) {
  EXPECT_EQ(at(field("gateway", "version") + ".type"), "[integer, string]");
  EXPECT_EQ(at(field("gateway", "version") + ".minimum"), "1");
  EXPECT_EQ(at(field("gateway", "version") + ".maximum"), "1");
  EXPECT_EQ(at(field("gateway", "version") + ".examples"), "[1]");
  EXPECT_EQ(at(field("gateway", "version") + ".default"), "(none)");
  EXPECT_EQ(at(field("gateway", "debug") + ".default"), "false");
}

TEST_F(Schema, DescribesAmountsByPatternAndSentence) {
  EXPECT_EQ(at(field("timeouts", "connect") + ".description"), "Time to establish a connection. 1ms to 1m.");
  EXPECT_EQ(at(field("timeouts", "connect") + ".default"), "2s");
  EXPECT_EQ(at(field("timeouts", "connect") + ".pattern"),
            "^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d)$|\\$\\{(env|file|vault):");
  EXPECT_EQ(at(field("gateway", "buffer") + ".default"), "(none)");
}

TEST_F(Schema, DescribesTextsListsAndMaps) {
  EXPECT_EQ(at(field("route", "name") + ".pattern"), "^(?:[a-z][a-z0-9-]*)$|\\$\\{(env|file|vault):");
  EXPECT_EQ(
      at(field("gateway", "upstreams")),
      "{description: Groups of targets., type: object, additionalProperties: {$ref: #/$defs/upstream}}");
  EXPECT_EQ(at(field("gateway", "routes") + ".items"), "{$ref: #/$defs/route}");
  EXPECT_EQ(at(field("upstream", "targets") + ".anyOf[1].maxItems"), "3");
  EXPECT_EQ(at(field("upstream", "targets") + ".anyOf[0].type"), "string") << "a pattern restricts it";
  EXPECT_EQ(at(field("jwt", "issuer") + ".type"), "[string, number, boolean]") << "no pattern restricts it";
  EXPECT_EQ(at(field("retry", "on")), "(none)");
  EXPECT_EQ(at("$defs.retry.anyOf[1].properties.on.anyOf[1].uniqueItems"), "true");
  EXPECT_EQ(at(field("route", "split") + ".minProperties"), "1");
  EXPECT_EQ(at(field("route", "split") + ".additionalProperties.minimum"), "0");
  EXPECT_EQ(at(field("route", "json")), "{description: A fixed answer.}");
}

enum class Edition { first, second };
void describe(Enumeration<Edition>& e) {
  e.about("edition")
      .value("1.2", Edition::first, "The first.")
      .value("second", Edition::second, "The second.");
}
struct Switch {
  bool on = false;
  Edition edition = Edition::first;
  bool operator==(const Switch&) const = default;
};
void describe(Description<Switch>& d) {
  d.about("switch", "A switch.");
  d.field("edition", &Switch::edition, "Which one.");
  d.word("true", "It is on.", [](Switch& s) { s.on = true; }).word("off", "It is not.", [](Switch&) {});
}

TEST(SchemaWords, StandWithQuotesAndWithoutWhereYamlTakesThemForSomethingElse) {
  std::string schema = json_schema<Switch>({"", "Switch"});

  std::erase_if(schema, [](char c) { return c == ' ' || c == '\n'; });
  EXPECT_THAT(schema,
              HasSubstr(R"("enum":[true,"true","off"],"enumDescriptions":["Itison.","Itison.","Itisnot."])"));
  EXPECT_THAT(
      schema,
      HasSubstr(R"("enum":[1.2,"1.2","second"],"enumDescriptions":["Thefirst.","Thefirst.","Thesecond."])"));
}

TEST_F(Schema, ListsTheWordsOfAnEnum) {
  EXPECT_EQ(at(field("upstream", "balance") + ".anyOf[0].enum"), "[round_robin, power_of_two]");
  EXPECT_EQ(at(field("upstream", "balance") + ".anyOf[0].enumDescriptions[1]"), "The less loaded of two.");
  EXPECT_EQ(at(field("upstream", "balance") + ".default"), "round_robin");
}

TEST_F(Schema, AllowsShortForms) {
  EXPECT_EQ(at("$defs.health.anyOf[0].pattern"), "^(?:/.*)$|\\$\\{(env|file|vault):");
  EXPECT_EQ(at("$defs.health.anyOf[1].type"), "object");
  EXPECT_EQ(at("$defs.health.anyOf[1].required"), "[path]");
  EXPECT_EQ(at("$defs.retry.anyOf[0].enum"), "[none, safe]");
}

TEST_F(Schema, WantsOneAlternative) {
  EXPECT_EQ(at(field("policy", "jwt") + "[\"$ref\"]"), "#/$defs/jwt");
  EXPECT_EQ(at(field("policy", "rate_limit") + ".examples"), "[{limit: 100/min}]");
  EXPECT_EQ(at("$defs.policy.allOf"), "[{oneOf: [{required: [jwt]}, {required: [rate_limit]}]}]");
  EXPECT_EQ(at("$defs.use.anyOf[1].allOf[0].oneOf[2]"),
            "{not: {anyOf: [{required: [jwt]}, {required: [rate_limit]}]}}");
}

TEST_F(Schema, KnowsRulesBetweenFields) {
  EXPECT_EQ(at("$defs.route.allOf"),
            "[{oneOf: [{required: [to]}, {required: [split]}, {required: [json]}]}]");
}

TEST_F(Schema, MarksDeprecatedSettingsAndShowsNoSecretDefaults) {
  EXPECT_EQ(at(field("route", "old") + ".deprecated"), "true");
  EXPECT_EQ(at(field("upstream", "pin") + ".default"), "(none)");
  EXPECT_THAT(at(field("upstream", "pin") + ".description"), HasSubstr("Secret"));
}

TEST_F(Schema, AddsIncludeToTheRootOnly) {
  EXPECT_THAT(at(field("gateway", "include") + ".description"), HasSubstr("conf.d/*.yaml"));
  EXPECT_EQ(at(field("upstream", "include")), "(none)");
}

}  // namespace
}  // namespace sluice::config::schema_test
