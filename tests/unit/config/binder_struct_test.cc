// SPDX-License-Identifier: Apache-2.0
// Structs: short forms, unions, rules between fields, deprecated settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/sample.h"

namespace sluice::config::binder_struct_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// One struct as the root, for a closer look.
template <class T>
struct Outcome {
  T value;
  std::vector<std::string> wrong;
};

template <class T>
struct Holder {
  T it;
};
template <class T>
void describe(Description<Holder<T>>& d) {
  d.about("holder", "Holds it.");
  d.field("it", &Holder<T>::it, "It.");
}

template <class T>
Outcome<T> read(const std::string& yaml) {
  Diagnostics diagnostics;
  Document document = parse("it: " + yaml + "\n", diagnostics, "x.yaml");
  Outcome<T> out{bind<Holder<T>>(document, diagnostics).it, {}};
  for (const Diagnostic& d : diagnostics.sorted())
    out.wrong.push_back(std::to_string(d.place.column) + ' ' + d.message +
                        (d.hint.empty() ? "" : " | " + d.hint));
  return out;
}

TEST(Shorthand, ExpandsAScalarToAField) {
  auto [health, wrong] = read<sample::Health>("/healthz");

  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_EQ(health.path, "/healthz");
  EXPECT_EQ(health.interval, 5s);
}

TEST(Shorthand, KeepsTheRulesOfTheField) {
  EXPECT_THAT(read<sample::Health>("healthz").wrong,
              ElementsAre("5 expected a path that starts with /, got \"healthz\""));
}

TEST(Shorthand, IsNamedWhenSomethingElseIsWritten) {
  EXPECT_THAT(read<sample::Health>("[a]").wrong,
              ElementsAre("5 expected a text or a mapping (health), got a list"));
}

TEST(Shorthand, ExpandsWords) {
  EXPECT_EQ(read<sample::Retry>("safe").value.attempts, 2);
  EXPECT_EQ(read<sample::Retry>("none").value.attempts, 1);
  EXPECT_THAT(
      read<sample::Retry>("saef").wrong,
      ElementsAre("5 expected `none`, `safe` or a mapping (retry), got saef | did you mean \"safe\"?"));
  EXPECT_THAT(read<sample::Retry>("never").wrong,
              ElementsAre("5 expected `none`, `safe` or a mapping (retry), got never"));
}

struct Group {
  std::vector<std::string> members;
  int size = 0;
};
void describe(Description<Group>& d) {
  d.about("group", "Has members.");
  d.field("members", &Group::members, "Who.", min_items(2));
  d.field("size", &Group::size, "How many.");
  d.shorthand(&Group::members);
}

TEST(Shorthand, ExpandsAListToAField) {
  EXPECT_THAT(read<Group>("[a, b]").value.members, ElementsAre("a", "b"));
  EXPECT_THAT(read<Group>("[a]").wrong, ElementsAre("5 needs at least 2 elements"));
  EXPECT_THAT(read<Group>("a").wrong, ElementsAre("5 expected a list or a mapping (group), got a text"));
}

TEST(OneOrMany, TakesOneElementWithoutBrackets) {
  EXPECT_THAT(read<sample::Retry>("{on: a}").value.on, ElementsAre("a"));
  EXPECT_THAT(read<sample::Retry>("{on: [a, b]}").value.on, ElementsAre("a", "b"));
  EXPECT_THAT(read<sample::Retry>("{on: ''}").wrong, ElementsAre("10 must not be empty"));
}

TEST(Struct, SaysWhatIsMissing) {
  EXPECT_THAT(read<sample::Health>("{}").wrong, ElementsAre("5 `path` is missing"));
  EXPECT_THAT(read<sample::Limit>("{burst: 1%}").wrong, ElementsAre("5 `limit` is missing"));
}

TEST(Struct, DoesNotCallMissingWhatIsMisspelt) {
  EXPECT_THAT(read<sample::Health>("{pth: /x}").wrong,
              ElementsAre("6 unknown setting `pth` | did you mean \"path\"?"));
}

TEST(Struct, RunsItsOwnChecks) {
  EXPECT_THAT(read<sample::Timeouts>("{connect: 5s, total: 1s}").wrong,
              ElementsAre("26 is shorter than connect | raise it"));
}

TEST(Struct, RunsItsChecksOnlyOnWhatCouldBeRead) {
  EXPECT_THAT(read<sample::Timeouts>("{connect: x, total: 1s}").wrong,
              ElementsAre(HasSubstr("expected a duration")));
}

TEST(Struct, WarnsOfDeprecatedSettings) {
  Diagnostics diagnostics;
  Document document = parse("{version: 1, routes: [{name: a, json: 1, old: x}]}", diagnostics);
  auto root = bind<sample::Root>(document, diagnostics);

  EXPECT_FALSE(diagnostics.has_errors());
  ASSERT_EQ(diagnostics.warnings(), 1u);
  EXPECT_EQ(diagnostics.sorted()[0].message, "`old` is deprecated");
  EXPECT_EQ(diagnostics.sorted()[0].hint, "use `name` instead");
  EXPECT_EQ(diagnostics.sorted()[0].place.column, 42u);
  EXPECT_EQ(root.routes[0].old, "x");
}

TEST(Struct, DoesNotProposeDeprecatedSettings) {
  EXPECT_THAT(
      read<sample::Route>("{name: a, json: 1, odl: x}").wrong,
      ElementsAre(
          "24 unknown setting `odl` | known here: name, methods, use, to, split, json, retry, timeouts"));
}

TEST(Groups, WantExactlyOne) {
  EXPECT_THAT(read<sample::Route>("{name: a}").wrong, ElementsAre("5 one of to, split, json is missing"));
  EXPECT_THAT(read<sample::Route>("{name: a, split: {}, json: 1}").wrong,
              ElementsAre("5 split, json stand together: write one of them", "22 must not be empty"));
}

struct Limits {
  std::optional<int> low, high, exact;
};
void describe(Description<Limits>& d) {
  d.about("limits", "Limits.");
  d.field("low", &Limits::low, "x").field("high", &Limits::high, "x").field("exact", &Limits::exact, "x");
  d.at_most_one({"low", "exact"}).at_least_one({"low", "high", "exact"});
}

TEST(Groups, WantAtMostOneOrAtLeastOne) {
  EXPECT_THAT(read<Limits>("{}").wrong, ElementsAre("5 at least one of low, high, exact is missing"));
  EXPECT_THAT(read<Limits>("{low: 1, exact: 1}").wrong,
              ElementsAre("5 low, exact stand together: write one of them"));
  EXPECT_THAT(read<Limits>("{low: 1, high: 2}").wrong, IsEmpty());
  EXPECT_EQ(*read<Limits>("{exact: 1}").value.exact, 1);
}

TEST(Union, HoldsTheAlternativeThatWasWritten) {
  auto [policy, wrong] = read<sample::Policy>("{rate_limit: {limit: 5/s}}");

  EXPECT_THAT(wrong, IsEmpty());
  ASSERT_TRUE(policy.filter);
  EXPECT_EQ(policy.filter.name(), "rate_limit");
  EXPECT_EQ(policy.filter.as<sample::Limit>()->burst.value, 10);
}

TEST(Union, ProposesAlternatives) {
  EXPECT_THAT(read<sample::Policy>("{jtw: {}}").wrong,
              ElementsAre("6 unknown filter `jtw` | did you mean \"jwt\"?"));
  EXPECT_THAT(read<sample::Policy>("{cors: {}}").wrong,
              ElementsAre("6 unknown filter `cors` | known here: jwt, rate_limit"));
  EXPECT_THAT(read<sample::Use>("{jtw: {}}").wrong,
              ElementsAre("6 unknown filter `jtw` | did you mean \"jwt\"?"));
}

TEST(Union, TakesOneOnly) {
  EXPECT_THAT(read<sample::Policy>("{jwt: {issuer: x}, rate_limit: {limit: 1/s}}").wrong,
              ElementsAre("24 `jwt` and `rate_limit` stand together: write one filter here"));
}

TEST(Union, MayBeRequired) {
  EXPECT_THAT(read<sample::Policy>("{}").wrong,
              ElementsAre("5 a filter is missing | one of: jwt, rate_limit"));
  EXPECT_THAT(read<sample::Use>("{policy: x}").wrong, ElementsAre(HasSubstr("there is no policy named `x`")));
}

TEST(Union, ReportsMistakesInsideTheAlternative) {
  EXPECT_THAT(read<sample::Policy>("{jwt: {isuer: x}}").wrong,
              ElementsAre("12 unknown setting `isuer` | did you mean \"issuer\"?"));
  EXPECT_THAT(read<sample::Policy>("{jwt: }").wrong,
              ElementsAre(HasSubstr("expected a mapping (jwt), got nothing")));
}

struct Tree {
  std::string name;
  std::vector<Tree> children;
};
void describe(Description<Tree>& d) {
  d.about("tree", "Contains itself.");
  d.field("name", &Tree::name, "Its name.", required);
  d.field("children", &Tree::children, "More of the kind.");
}

TEST(Struct, MayContainItself) {
  auto [tree, wrong] = read<Tree>("{name: a, children: [{name: b, children: [{name: c}]}]}");

  EXPECT_THAT(wrong, IsEmpty());
  EXPECT_EQ(tree.children[0].children[0].name, "c");
}

}  // namespace
}  // namespace sluice::config::binder_struct_test
