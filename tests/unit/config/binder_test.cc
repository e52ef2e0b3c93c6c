// SPDX-License-Identifier: Apache-2.0
// Binding: rules, lists, mappings, references; all mistakes at once.
#include "gateway/config/binder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_environment.h"
#include "tests/unit/config/sample.h"

namespace sluice::config::binder_test {
namespace {

using namespace std::chrono_literals;
using sample::problems;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// "line:column message | hint" of everything wrong with a text bound as sample::Root.
std::vector<std::string> wrong(const std::string& yaml) {
  Diagnostics diagnostics;
  test::FakeEnvironment environment;
  Document document = parse(yaml, diagnostics, "g.yaml", environment);
  bind<sample::Root>(document, diagnostics);
  std::vector<std::string> out;
  for (const Diagnostic& d : diagnostics.sorted())
    out.push_back(std::to_string(d.place.line) + ':' + std::to_string(d.place.column) + ' ' + d.message +
                  (d.hint.empty() ? "" : " | " + d.hint));
  return out;
}

sample::Root bound(const std::string& yaml) {
  Diagnostics diagnostics;
  Document document = parse(yaml, diagnostics);
  auto root = bind<sample::Root>(document, diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  return root;
}

TEST(Bind, TakesDefaultsFromTheStruct) {
  auto root = bound("version: 1\n");

  EXPECT_EQ(root, sample::Root{});
}

TEST(Bind, FillsEverything) {
  auto root = bound(
      "version: 1\ndebug: true\nbuffer: 1MiB\n"
      "upstreams:\n"
      "  zeta: {targets: [a:1, b:2], balance: power_of_two, health: {path: /h, interval: 1s}}\n"
      "  alpha: {targets: c:3, timeouts: {connect: 1s, total: 5s}, password: x, pin: 123}\n"
      "policies: {limit: {rate_limit: {limit: 5/s}}}\n"
      "routes:\n"
      "  - name: one\n    methods: GET\n    use: [limit, {jwt: {issuer: i, strict: false}}]\n    to: zeta\n"
      "  - {name: two, split: {zeta: 9, alpha: 1}, retry: {attempts: 3, on: [a, b]}}\n"
      "  - {name: three, json: [1]}\n"
      "defaults: {connect: 500ms}\n");

  EXPECT_TRUE(root.debug);
  EXPECT_EQ(root.buffer.bytes, 1u << 20);
  ASSERT_EQ(root.upstreams.size(), 2u);
  EXPECT_EQ(root.upstreams[0].first, "zeta");
  EXPECT_EQ(root.upstreams.find("zeta")->targets[1].host, "b");
  EXPECT_EQ(root.upstreams.find("zeta")->balance, sample::Balance::power_of_two);
  EXPECT_EQ(root.upstreams.find("zeta")->health->interval, 1s);
  EXPECT_EQ(root.upstreams.find("alpha")->targets[0].port, 3);
  EXPECT_EQ(root.upstreams.find("alpha")->timeouts.total, 5s);
  EXPECT_FALSE(root.upstreams.find("alpha")->health.has_value());
  EXPECT_EQ(root.policies.find("limit")->filter.as<sample::Limit>()->limit.count, 5u);
  EXPECT_THAT(root.routes[0].methods, ElementsAre("GET"));
  EXPECT_EQ(root.routes[0].use[0].policy, "limit");
  EXPECT_EQ(root.routes[0].use[1].filter.name(), "jwt");
  EXPECT_EQ(root.routes[0].use[1].filter.as<sample::Jwt>()->issuer, "i");
  EXPECT_EQ(root.routes[0].use[1].filter.as<sample::Limit>(), nullptr);
  EXPECT_EQ(*root.routes[1].split.find("zeta"), 9);
  EXPECT_EQ(root.routes[1].retry.attempts, 3);
  EXPECT_EQ(root.routes[2].json->text, "[1]");
  EXPECT_EQ(root.defaults.connect, 500ms);
}

TEST(Bind, BindsTheSameTextToEqualStructs) {
  std::string yaml = "version: 1\npolicies: {a: {jwt: {issuer: x}}}\n";

  EXPECT_EQ(bound(yaml), bound(yaml));
  EXPECT_FALSE(bound(yaml) == bound("version: 1\npolicies: {a: {jwt: {issuer: y}}}\n"));
}

TEST(Bind, ReportsEverythingAtOnceInTheOrderOfTheFile) {
  EXPECT_THAT(
      wrong("debug: yes\n"
            "nope: 1\n"
            "upstreams:\n"
            "  a: {targets: [b:1], timeouts: {connect: 250}}\n"
            "  b: {balance: rr}\n"
            "routes: [{name: r, to: c}]\n"),
      ElementsAre(
          "1:1 `version` is missing | as in version: 1",
          "1:8 expected true or false, got yes | did you mean \"true\"?",
          "2:1 unknown setting `nope` | known here: version, debug, buffer, upstreams, policies, routes, "
          "defaults",
          "4:43 expected a duration such as 250ms, got 250: add a unit | units: us, ms, s, m, h, d",
          "5:6 `targets` is missing", HasSubstr("5:16 expected round_robin or power_of_two, got rr"),
          HasSubstr("6:24 there is no upstream named `c`")));
}

TEST(Bind, ChecksBounds) {
  EXPECT_THAT(wrong("version: 2"), ElementsAre("1:10 must be at most 1, got 2"));
  EXPECT_THAT(wrong("{version: 1, buffer: 2MiB}"), ElementsAre("1:22 must be at most 1MiB, got 2MiB"));
  EXPECT_THAT(wrong("{version: 1, buffer: 1B}"), ElementsAre("1:22 must be at least 1KiB, got 1B"));
  EXPECT_THAT(wrong("{version: 1, defaults: {total: 0s}}"), ElementsAre("1:32 must be at least 1ms, got 0s"));
  EXPECT_THAT(wrong("{version: 1, policies: {a: {rate_limit: {limit: 2000/s}}}}"),
              ElementsAre("1:49 must be at most 1000/s, got 2000/s"));
}

TEST(Bind, ChecksPatternsAgainstTheWholeText) {
  EXPECT_THAT(wrong("{version: 1, routes: [{name: aB, json: 1}]}"),
              ElementsAre("1:30 expected a-z, 0-9 and -, got \"aB\""));
  EXPECT_THAT(wrong("{version: 1, routes: [{name: \"a\\n\", json: 1}]}"),
              ElementsAre(HasSubstr("got \"a\\n\"")));
}

TEST(Bind, ChecksSizesOfListsMapsAndTexts) {
  EXPECT_THAT(wrong("{version: 1, upstreams: {a: {targets: []}}}"), ElementsAre("1:39 must not be empty"));
  EXPECT_THAT(wrong("{version: 1, upstreams: {a: {targets: [a:1, b:1, c:1, d:1]}}}"),
              ElementsAre("1:39 may have at most 3 elements, got 4"));
  EXPECT_THAT(wrong("{version: 1, routes: [{name: a, split: {}}]}"), ElementsAre("1:40 must not be empty"));
  EXPECT_THAT(wrong("{version: 1, routes: [{name: a, json: 1, retry: {on: ['']}}]}"),
              ElementsAre("1:55 must not be empty"));
}

TEST(Bind, ChecksThatElementsAreUnique) {
  EXPECT_THAT(wrong("{version: 1, routes: [{name: a, json: 1, retry: {on: [x, y, x]}}]}"),
              ElementsAre("1:61 is in the list twice | first at g.yaml:1:55"));
}

TEST(Bind, RunsChecksOfElements) {
  EXPECT_THAT(wrong("{version: 1, routes: [{name: a, json: 1, methods: [GET, TRACE]}]}"),
              ElementsAre("1:57 is not allowed, got TRACE"));
  EXPECT_THAT(wrong("{version: 1, routes: [{name: a, json: 1, methods: TRACE}]}"),
              ElementsAre("1:51 is not allowed, got TRACE"));
}

TEST(Bind, NamesTheKindThatItExpected) {
  EXPECT_THAT(wrong("{version: 1, routes: {}}"), ElementsAre("1:22 expected a list, got a mapping"));
  EXPECT_THAT(wrong("{version: 1, routes: x}"), ElementsAre("1:22 expected a list, got a text"));
  EXPECT_THAT(wrong("{version: 1, upstreams: []}"),
              ElementsAre("1:25 expected a mapping from names, got a list"));
  EXPECT_THAT(wrong("{version: 1, defaults: []}"),
              ElementsAre("1:24 expected a mapping (timeouts), got a list"));
  EXPECT_THAT(
      wrong("version: 1\ndefaults:\n"),
      ElementsAre(
          "2:10 expected a mapping (timeouts), got nothing | write {} for the defaults, or leave the key "
          "out"));
  EXPECT_THAT(wrong("version: 1\nroutes:\n"), ElementsAre(HasSubstr("expected a list, got nothing")));
}

TEST(Bind, ChecksReferencesWhenAllNamesAreKnown) {
  EXPECT_THAT(wrong("version: 1\nroutes: [{name: a, to: late}]\nupstreams: {late: {targets: x:1}}\n"),
              IsEmpty());
  EXPECT_THAT(wrong("version: 1\nroutes: [{name: a, to: ordres}]\nupstreams: {orders: {targets: x:1}}\n"),
              ElementsAre("2:24 there is no upstream named `ordres` | did you mean \"orders\"?"));
  EXPECT_THAT(wrong("version: 1\nroutes: [{name: a, to: x}]\n"),
              ElementsAre("2:24 there is no upstream named `x` | no upstream is defined at all"));
  EXPECT_THAT(wrong("version: 1\nroutes: [{name: a, split: {o: 1, p: 2}}]\nupstreams: {o: {targets: x:1}}\n"),
              ElementsAre(HasSubstr("2:34 there is no upstream named `p`")));
}

TEST(Bind, KnowsNamesOfThingsThatAreWrongInThemselves) {
  EXPECT_THAT(wrong("version: 1\nroutes: [{name: a, to: o}]\nupstreams: {o: {targets: x}}\n"),
              ElementsAre(HasSubstr("expected an address")));
}

TEST(Bind, RefusesTheSameNameTwice) {
  EXPECT_THAT(wrong("version: 1\nroutes:\n- {name: a, json: 1}\n- {name: a, json: 2}\n"),
              ElementsAre("4:10 there is already a route named `a` | first at g.yaml:3:10"));
}

TEST(Bind, TakesBuiltInNamesBeforehand) {
  Diagnostics diagnostics;
  Document document = parse("version: 1\nroutes: [{name: built-in, use: [log], json: 1}]\n", diagnostics);
  Names names;
  names.define("policy", "log");
  names.define("route", "built-in");
  bind<sample::Root>(document, diagnostics, names);

  ASSERT_EQ(diagnostics.errors(), 1u);
  EXPECT_EQ(diagnostics.sorted()[0].message, "there is already a route named `built-in`");
  EXPECT_EQ(diagnostics.sorted()[0].hint, "the name is built in");
}

TEST(Bind, KeepsSecretsOutOfEveryMessage) {
  std::string text = problems(
      "version: 1\nupstreams:\n"
      "  a: {targets: x, password: [hunter2], pin: hunter2x}\n"
      "  b: {targets: x:1, pasword: hunter2, pin: {a: hunter2}}\n"
      "  c: {targets: x:1, pin: &p hunter2}\n"
      "  d: {targets: x:1, balance: *p}\n");

  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("expected digits, got ***"));
  EXPECT_THAT(text, HasSubstr("unknown setting `pasword`"));
}

struct Keys {
  Secret one;
  std::vector<Secret> all;
  bool operator==(const Keys&) const = default;
};
void describe(Description<Keys>& d) {
  auto long_enough = [](const Secret& key) { return key.value.size() < 20 ? "is too short" : ""; };
  d.about("keys", "Keys.");
  d.field("one", &Keys::one, "A key.", check(long_enough));
  d.field("all", &Keys::all, "Keys.", one_or_many, each(check(long_enough)));
}

TEST(Bind, KeepsSecretsOutOfWhatACheckFindsWrong) {
  for (std::string yaml : {"one: hunter2", "all: hunter2", "all: [hunter2]"}) {
    Diagnostics diagnostics;
    bind<Keys>(parse(yaml, diagnostics), diagnostics);
    EXPECT_THAT(diagnostics.text(), HasSubstr("is too short"));
    EXPECT_THAT(diagnostics.text(), Not(HasSubstr("hunter2"))) << yaml;
  }
}

TEST(Bind, SaysWhereAnAliasWasDefined) {
  EXPECT_THAT(wrong("version: 1\nbuffer: &b 64KiB\ndebug: *b\n"),
              ElementsAre("3:8 expected true or false, got 64KiB (defined at g.yaml:2:9)"));
}

struct Letters {
  std::string text;
  bool operator==(const Letters&) const = default;
};
void describe(Text<Letters>& t) {
  t.about("letters", "letters");
  t.read([](std::string_view text, Letters& out) -> Refusal {
    out.text = text;
    std::size_t digit = text.find_first_of("0123456789");
    if (digit == std::string_view::npos) return {};
    return Complaint{"a digit", "", digit};
  });
  t.write([](const Letters& l) { return l.text; });
}
struct Page {
  std::vector<Letters> words;
  bool operator==(const Page&) const = default;
};
void describe(Description<Page>& d) { d.about("page", "Words.").field("words", &Page::words, "Words."); }

TEST(Bind, PointsInsideTextsThatAreWrittenAsTheyAre) {
  Diagnostics diagnostics;
  test::FakeEnvironment environment;
  environment.variables["X"] = "abc1";
  Document document = parse("words: [ab1, 'ab1', \"\u00e4b1\", \"\\u00e41\", \"${env:X}\", &a ab1]\n",
                            diagnostics, "g.yaml", environment);
  bind<Page>(document, diagnostics);

  std::vector<std::uint32_t> columns;
  for (const Diagnostic& d : diagnostics.sorted()) columns.push_back(d.place.column);
  EXPECT_THAT(columns, ElementsAre(11u, 17u, 24u, 28u, 39u, 51u));
}

TEST(Bind, ReportsAMistakeInsideAnAliasOnce) {
  EXPECT_THAT(wrong("version: 1\nupstreams:\n  a: &a {targets: x}\n  b: *a\n"),
              ElementsAre(HasSubstr("3:19 expected an address")));
}

TEST(Bind, GivesThePathOfEachComplaint) {
  Diagnostics diagnostics;
  Document document = parse(
      "version: 1\nupstreams: {\"a.b\": {targets: [x:1, y]}}\nroutes: [{name: r, use: [nope, {jwt: {issuer: "
      "[]}}], json: 1}]\n",
      diagnostics);
  bind<sample::Root>(document, diagnostics);

  std::vector<std::string> paths;
  for (const Diagnostic& d : diagnostics.sorted()) paths.push_back(d.path);
  EXPECT_THAT(
      paths, ElementsAre("upstreams[\"a.b\"].targets[1]", "routes[0].use[0]", "routes[0].use[1].jwt.issuer"));
}

TEST(Bind, DoesNothingWithoutADocument) {
  Diagnostics diagnostics;
  Document document = parse("a: [", diagnostics);
  std::size_t before = diagnostics.errors();

  EXPECT_EQ(bind<sample::Root>(document, diagnostics), sample::Root{});
  EXPECT_EQ(diagnostics.errors(), before);
}

TEST(Bind, StaysQuickWithThousandsOfDanglingReferences) {
  std::string yaml = "version: 1\nroutes:\n";
  for (int i = 0; i < 3000; ++i)
    yaml += "- {name: r" + std::to_string(i) + ", to: u" + std::to_string(i) + "}\n";
  yaml += "upstreams:\n";
  for (int i = 0; i < 3000; ++i) yaml += "  v" + std::to_string(i) + ": {targets: x:1}\n";

  EXPECT_EQ(wrong(yaml).size(), Diagnostics::kMostKept);
}

}  // namespace
}  // namespace sluice::config::binder_test
