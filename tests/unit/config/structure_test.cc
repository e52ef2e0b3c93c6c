// SPDX-License-Identifier: Apache-2.0
// Descriptions that contradict themselves end the process: the first test that binds them finds the bug.
#include "gateway/config/structure.h"

#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/describe.h"
#include "gateway/config/load.h"

namespace sluice::config::structure_test {
namespace {

struct Thing {
  std::string a, b;
  bool operator==(const Thing&) const = default;
};

// Each test describes a type of its own.
template <int N>
struct Numbered : Thing {};
void describe(Description<Numbered<1>>& d) { d.field("a", &Numbered<1>::b, "x"); }
void describe(Description<Numbered<2>>& d) { d.about("two", "x").field("a", &Numbered<2>::b, ""); }
void describe(Description<Numbered<3>>& d) {
  d.about("three", "x").field("a", &Numbered<3>::a, "x").field("a", &Numbered<3>::b, "x");
}
void describe(Description<Numbered<4>>& d) { d.about("four", "x").exactly_one({"a", "b"}); }
void describe(Description<Numbered<5>>& d) { d.about("five", "x").shorthand(&Numbered<5>::a); }
void describe(Description<Numbered<6>>& d) {
  d.about("six", "x").field("a", &Numbered<6>::a, "x", pattern("[a", "nonsense"));
}

TEST(DescriptionDeathTest, NamesTheMistake) {
  EXPECT_DEATH(shape_of<Numbered<1>>(), "about\\(name, doc\\) is missing");
  EXPECT_DEATH(shape_of<Numbered<2>>(), "`two`: `a` has no documentation");
  EXPECT_DEATH(shape_of<Numbered<3>>(), "`three`: `a` is described twice");
  EXPECT_DEATH(shape_of<Numbered<4>>(), "`four`: a group names `a`");
  EXPECT_DEATH(shape_of<Numbered<5>>(), "`five`: a shorthand needs its field described before");
  EXPECT_DEATH(shape_of<Numbered<6>>(), "`\\[a`: not a regular expression");
}

void describe(Description<Numbered<7>>& d) { d.about("seven", "x").field("b", &Numbered<7>::b, "x"); }

TEST(Description, CanNameMembersOfABaseClass) {
  Diagnostics diagnostics;
  Document document = parse("b: y\n", diagnostics);

  EXPECT_EQ(bind<Numbered<7>>(document, diagnostics).b, "y");
}

TEST(Alternatives, AreKeptByName) {
  Alternatives table("thing");
  for (auto name : {"zeta", "alpha", "mu"}) table.add(alternative<Numbered<7>>(name, "x"));

  EXPECT_EQ(table.all()[0]->name, "alpha");
  EXPECT_EQ(table.all()[2]->name, "zeta");
  EXPECT_EQ(table.find("mu")->name, "mu");
  EXPECT_EQ(table.find("nu"), nullptr);
  EXPECT_EQ(table.find(""), nullptr);
  EXPECT_EQ(table.what(), "thing");
}

TEST(AlternativesDeathTest, RefuseTheSameNameTwice) {
  Alternatives table("thing");
  table.add(alternative<Numbered<7>>("a", "x"));

  EXPECT_DEATH(table.add(alternative<Numbered<7>>("a", "x")), "`a`: this thing exists twice");
}

TEST(Choice, IsEmptyUntilBound) {
  Choice none;

  EXPECT_FALSE(none);
  EXPECT_EQ(none.name(), "");
  EXPECT_EQ(none.as<Thing>(), nullptr);
  EXPECT_EQ(none, Choice());
}

TEST(Choice, IsEqualWhenKindAndSettingsAre) {
  Alternatives table("thing");
  const Alternative& kind = table.add(alternative<Numbered<7>>("a", "x"));
  const Alternative& other = table.add(alternative<Numbered<7>>("b", "x"));
  auto make = [](const char* text) {
    auto value = std::make_shared<Numbered<7>>();
    value->b = text;
    return value;
  };

  EXPECT_EQ(Choice(kind, make("x")), Choice(kind, make("x")));
  EXPECT_FALSE(Choice(kind, make("x")) == Choice(kind, make("y")));
  EXPECT_FALSE(Choice(kind, make("x")) == Choice(other, make("x")));
  EXPECT_FALSE(Choice(kind, make("x")) == Choice());
  EXPECT_EQ(Choice(kind, make("x")).as<Thing>(), nullptr);
  EXPECT_EQ(Choice(kind, make("x")).as<Numbered<7>>()->b, "x");
}

}  // namespace
}  // namespace sluice::config::structure_test
