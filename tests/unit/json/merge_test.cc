// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/json/colliding.h"
#include "tests/unit/json/padded.h"

namespace sluice::json::merge_test {
namespace {

class JsonMerge : public testing::Test {
 protected:
  bool add(std::string_view place, std::string_view value, OnConflict policy = OnConflict::last) {
    texts_.emplace_back(value);
    names_.push_back("call " + std::to_string(names_.size() + 1));
    auto path = place.empty() ? Path() : std::get<Path>(Path::parse(place));
    return merge.add(names_.back(), path.steps(), texts_.back(), policy);
  }
  std::string merged() {
    Output out;
    merge.write(out);
    Padded made(out.text());
    EXPECT_FALSE(check(made)) << made.text();
    return std::string(out.text());
  }
  base::Arena arena;
  Merge merge{arena};

 private:
  std::deque<Padded> texts_;
  std::deque<std::string> names_;
};

TEST_F(JsonMerge, IsAnEmptyObjectOfNothing) { EXPECT_EQ(merged(), "{}"); }

TEST_F(JsonMerge, PutsValuesWhereTheyBelong) {
  add("user", R"({"name": "Ann"})");
  add("stats.orders", "12.50");
  add("stats.visits", "[1]");

  EXPECT_EQ(merged(), R"({"user":{"name": "Ann"},"stats":{"orders":12.50,"visits":[1]}})");
}

TEST_F(JsonMerge, MergesTheMembersOfObjects) {
  add("", R"({"a":1,"b":2})");
  add("", R"({"c":3})");
  add("d", "4");

  EXPECT_EQ(merged(), R"({"a":1,"b":2,"c":3,"d":4})");
}

TEST_F(JsonMerge, LetsTheLastOneStayInThePlaceOfTheFirst) {
  add("", R"({"a":1,"b":{"x":1}})");
  add("", R"({"b":{"y":2},"a":3})");

  EXPECT_EQ(merged(), R"({"a":3,"b":{"y":2}})");
}

TEST_F(JsonMerge, LetsTheFirstOneStay) {
  add("", R"({"a":1})", OnConflict::first);
  add("", R"({"a":2,"b":3})", OnConflict::first);

  EXPECT_EQ(merged(), R"({"a":1,"b":3})");
}

TEST_F(JsonMerge, TellsOfConflicts) {
  add("", R"({"a":1})", OnConflict::error);
  EXPECT_FALSE(merge.conflict());
  add("", R"({"b":2,"a":3})", OnConflict::error);

  ASSERT_TRUE(merge.conflict());
  EXPECT_EQ(merge.conflict()->name, "a");
  EXPECT_EQ(merge.conflict()->first, "call 1");
  EXPECT_EQ(merge.conflict()->second, "call 2");
}

TEST_F(JsonMerge, GoesDeep) {
  add("", R"({"a":{"x":{"p":1},"l":[1]},"b":1})", OnConflict::deep);
  add("", R"({"a":{"x":{"q":2},"y":3,"l":[2]},"b":{}})", OnConflict::deep);
  add("a", R"({"x":{"p":9}})", OnConflict::deep);

  EXPECT_EQ(merged(), R"({"a":{"x":{"p":9,"q":2},"l":[2],"y":3},"b":{}})");
}

TEST_F(JsonMerge, JoinsLists) {
  add("items", "[1, 2]", OnConflict::concat);
  add("items", "[ ]", OnConflict::concat);
  add("items", "[3]", OnConflict::concat);
  add("none", "[]", OnConflict::concat);
  add("none", "[ ]", OnConflict::concat);
  add("late", "[]", OnConflict::concat);
  add("late", "[4]", OnConflict::concat);

  EXPECT_EQ(merged(), R"({"items":[1, 2,3],"none":[ ],"late":[4]})");
}

TEST_F(JsonMerge, MakesOneListOfLists) {
  EXPECT_TRUE(add("", "[1]"));
  EXPECT_TRUE(add("", "[2]"));
  EXPECT_FALSE(add("", R"({"a":1})"));
  EXPECT_FALSE(add("x", "1"));
  EXPECT_FALSE(add("", "3"));

  EXPECT_EQ(merged(), "[1,2]");
}

TEST_F(JsonMerge, MakesOneListWhateverThePolicy) {
  for (auto policy : {OnConflict::error, OnConflict::first, OnConflict::deep}) {
    merge = Merge(arena);
    add("", "[1]", policy);
    add("", "[2]", policy);
    EXPECT_EQ(merged(), "[1,2]");
    EXPECT_FALSE(merge.conflict());
  }
}

TEST_F(JsonMerge, RefusesAListAmongMembers) {
  EXPECT_TRUE(add("", R"({"a":1})"));
  EXPECT_FALSE(add("", "[1]"));
  EXPECT_FALSE(add("", "null"));

  EXPECT_EQ(merged(), R"({"a":1})");
}

TEST_F(JsonMerge, CountsTheLastOfTwoMembersOfOneName) {
  add("", R"({"a":1,"\u0061":2})", OnConflict::error);

  EXPECT_FALSE(merge.conflict());
  EXPECT_EQ(merged(), R"({"a":2})");
}

// Also where an earlier one has given that name: it meets the last one alone.
TEST_F(JsonMerge, CountsTheLastOfTwoMembersOfOneNameAgainstWhatIsThere) {
  auto of = [this](std::string_view a, std::string_view b, OnConflict policy) {
    merge = Merge(arena);
    add("", a, policy);
    add("", b, policy);
    return merged();
  };
  EXPECT_EQ(of(R"({"u":{"x":1},"v":0})", R"({"u":{"y":2},"w":4,"u":{"z":3}})", OnConflict::deep),
            R"({"u":{"x":1,"z":3},"v":0,"w":4})");
  EXPECT_EQ(of(R"({"l":[1]})", R"({"l":[2],"l":[3]})", OnConflict::concat), R"({"l":[1,3]})");
  EXPECT_EQ(of(R"({"l":[1]})", R"({"l":[2],"\u006c":[3],"l":[4]})", OnConflict::concat), R"({"l":[1,4]})");
  EXPECT_EQ(of(R"({"u":{"x":1}})", R"({"u":7,"u":{"z":3}})", OnConflict::deep), R"({"u":{"x":1,"z":3}})");
  EXPECT_EQ(of(R"({"u":{"x":1}})", R"({"u":{"z":3},"u":7})", OnConflict::deep), R"({"u":7})");
  EXPECT_EQ(of(R"({"u":{"x":{"p":1}}})", R"({"u":{"x":{"q":2},"x":{"r":3}}})", OnConflict::deep),
            R"({"u":{"x":{"p":1,"r":3}}})");
  EXPECT_EQ(of(R"({"u":1})", R"({"u":2,"u":3})", OnConflict::last), R"({"u":3})");
  EXPECT_EQ(of(R"({"u":1})", R"({"u":2,"u":3})", OnConflict::first), R"({"u":1})");
}

TEST_F(JsonMerge, OpensAnObjectThatIsInTheWay) {
  add("user", R"({"name":"Ann"})");
  add("user.orders", "[1]");
  add("user.name.first", "2");

  EXPECT_EQ(merged(), R"({"user":{"name":{"first":2},"orders":[1]}})");
}

TEST_F(JsonMerge, ObeysThePolicyOnTheWayToAPlace) {
  for (auto policy : {OnConflict::last, OnConflict::deep, OnConflict::concat}) {
    merge = Merge(arena);
    add("user", "7");
    add("user.orders", "[1]", policy);
    EXPECT_EQ(merged(), R"({"user":{"orders":[1]}})");
    EXPECT_FALSE(merge.conflict());
  }
  merge = Merge(arena);
  add("user", "[7]");
  add("user.orders", "[1]", OnConflict::first);
  EXPECT_EQ(merged(), R"({"user":[7]})");
  EXPECT_FALSE(merge.conflict());
  add("user.orders.first", "1", OnConflict::error);
  ASSERT_TRUE(merge.conflict());
  EXPECT_EQ(merge.conflict()->name, "user");
  EXPECT_EQ(merge.conflict()->first, "call 7");
  EXPECT_EQ(merge.conflict()->second, "call 9");
}

TEST_F(JsonMerge, TellsWhoseMembersAreInTheWay) {
  add("user.orders", "[1]");
  add("user", "7", OnConflict::error);

  ASSERT_TRUE(merge.conflict());
  EXPECT_EQ(merge.conflict()->name, "user");
  EXPECT_EQ(merge.conflict()->first, "call 1");
  EXPECT_EQ(merge.conflict()->second, "call 2");
}

TEST_F(JsonMerge, FindsOneOfManyMembers) {
  std::string many = "{";
  for (int i = 0; i < 50'000; ++i)
    many += (i ? ",\"m" : "\"m") + std::to_string(i) + "\":" + std::to_string(i);
  many += "}";
  add("", many);
  add("", many);
  add("", R"({"m49999":"found"})");

  std::string out = merged();
  EXPECT_TRUE(out.ends_with(R"("m49998":49998,"m49999":"found"})"));
  EXPECT_EQ(out.size(), many.size() + 2);
}

// Not before the test's time is up if names of clients could be made to meet in the table.
TEST_F(JsonMerge, FindsMembersWhoseNamesWereMadeToMeet) {
  std::string object = "{";
  for (const std::string& name : colliding_names(200'000)) object += "\"" + name + "\":1,";
  object.back() = '}';
  add("", object);
  add("", object);

  Output out;
  merge.write(out);
  EXPECT_EQ(out.size(), object.size());
}

TEST_F(JsonMerge, MakesJsonOfAnyJson) {
  RandomJson random(6);
  for (int i = 0; i < 1000; ++i) {
    merge = Merge(arena);
    for (int part = 0; part < 4; ++part)
      add(random.below(2)   ? ""
          : random.below(2) ? "a"
                            : "key.b",
          random.value(), static_cast<OnConflict>(random.below(5)));
    merged();
  }
}

}  // namespace
}  // namespace sluice::json::merge_test
