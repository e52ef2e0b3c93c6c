// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/json/padded.h"
#include "tests/unit/json/repeats.h"

namespace sluice::json::shape_test {
namespace {

Path path(std::string_view text) { return std::get<Path>(Path::parse(text)); }

struct Made : Shape {
  Made& only(std::string_view p) { return good(Shape::only(path(p))); }
  Made& drop(std::string_view p) { return good(Shape::drop(path(p))); }
  Made& rename(std::string_view p, std::string_view name) { return good(Shape::rename(path(p), name)); }
  Made& move(std::string_view a, std::string_view b) { return good(Shape::move(path(a), path(b))); }
  Made& append(std::string_view a, std::string_view b) { return good(Shape::append(path(a), path(b))); }
  std::string of(std::string_view value) const {
    Output out;
    apply(trimmed(Padded(value)), out);
    Padded made(out.text());
    EXPECT_FALSE(check(made)) << made.text();
    return std::string(out.text());
  }
  Made& good(const std::string& why) {
    EXPECT_EQ(why, "");
    return *this;
  }
};

constexpr std::string_view kPage =
    R"({"id": 7, "user": {"name": "Ann", "mail": "a@b", "address": {"city": "Rome", "zip": 1}},)"
    R"("items": [{"id": 1, "price": 1.50, "seller": {"id": 9}}, {"id": 2, "price": 2}, 3]})";

TEST(JsonShape, ChangesNothingUnlessAsked) {
  EXPECT_FALSE(Made().changes());
  EXPECT_EQ(Made().of(" [1, 2] "), "[1, 2]");
}

TEST(JsonShape, KeepsOnlyWhatPathsLeadTo) {
  EXPECT_EQ(Made().only("id").of(kPage), R"({"id": 7})");
  EXPECT_EQ(Made().only("id").only("user.address.city").of(kPage),
            R"({"id": 7,"user":{"address":{"city": "Rome"}}})");
  EXPECT_EQ(Made().only("items[].price").of(kPage), R"({"items":[{"price": 1.50},{"price": 2}]})");
  EXPECT_EQ(Made().only("[].a").of(R"([{"a":1,"b":2},{"b":3}])"), R"([{"a":1},{}])");
  EXPECT_EQ(Made().only("nothing").of(kPage), "{}");
  EXPECT_EQ(Made().only("id.x").of(kPage), "{}");
}

TEST(JsonShape, KeepsTheWholeThatOneOfThePathsLeadsTo) {
  std::string whole = R"({"user":{"name": "Ann", "mail": "a@b", "address": {"city": "Rome", "zip": 1}}})";
  EXPECT_THAT(Made().only("user").only("user.name").of(kPage), testing::HasSubstr("zip"));
  EXPECT_THAT(Made().only("user.address.city").only("user").of(kPage), testing::HasSubstr("zip"));
}

TEST(JsonShape, DropsThroughObjectsAndLists) {
  EXPECT_EQ(Made().drop("user").drop("items").of(kPage), R"({"id": 7})");
  EXPECT_EQ(Made().only("user").drop("user.mail").drop("user.address").of(kPage),
            R"({"user":{"name": "Ann"}})");
  EXPECT_EQ(Made().drop("id").drop("user").drop("items[].seller").drop("items[].id").of(kPage),
            R"({"items":[{"price": 1.50},{"price": 2},3]})");
  EXPECT_EQ(Made().drop("a.b").of(R"({"a": 1})"), R"({"a":1})");
}

TEST(JsonShape, LeavesNeighboursThatStayAsTheyStand) {
  std::string_view value = R"({"a" : 1 , "b":{"c": [2]} ,"d":3, "e" : 4 ,"f":5})";
  EXPECT_EQ(Made().drop("d").of(value), R"({"a" : 1 , "b":{"c": [2]},"e" : 4 ,"f":5})");
  EXPECT_EQ(Made().drop("a").drop("f").of(value), R"({"b":{"c": [2]} ,"d":3, "e" : 4})");
  EXPECT_EQ(Made().only("a").only("b").only("e").of(value), R"({"a" : 1 , "b":{"c": [2]},"e" : 4})");
  EXPECT_EQ(Made().rename("d", "x").of(value), R"({"a" : 1 , "b":{"c": [2]},"x":3,"e" : 4 ,"f":5})");
  EXPECT_EQ(Made().rename("b.c", "x").of(value), R"({"a" : 1,"b":{"x":[2]},"d":3, "e" : 4 ,"f":5})");
}

TEST(JsonShape, Renames) {
  EXPECT_EQ(Made().only("id").rename("id", "nu\"mber").of(kPage), R"({"nu\"mber":7})");
  EXPECT_EQ(Made().only("items[].price").rename("items[].price", "cost").rename("items", "lines").of(kPage),
            R"({"lines":[{"cost":1.50},{"cost":2}]})");
  EXPECT_EQ(Made().rename("a.b.c", "d").of(R"({"a":{"b":{"c":1}}})"), R"({"a":{"b":{"d":1}}})");
}

// Nobody is sent an object with two members of one name.
TEST(JsonShape, LetsAMemberGiveWayToOneThatGetsItsName) {
  Made shape;
  shape.rename("mail", "email");
  EXPECT_EQ(shape.of(R"({"email":1,"id":7,"mail":2})"), R"({"id":7,"email":2})");
  EXPECT_EQ(shape.of(R"({"mail":2,"id":7,"email":1})"), R"({"email":2,"id":7})");
  EXPECT_EQ(shape.of(R"({"em\u0061il":1,"mail":{"x":1}})"), R"({"email":{"x":1}})");
  EXPECT_EQ(shape.of(R"({"email" : 1, "id" : 7})"), R"({"email" : 1, "id" : 7})");
  EXPECT_EQ(Made().rename("[].u.a", "b").of(R"([{"u":{"b":1,"a":2}},{"u":{"b":3}},{"u":{"a":4}}])"),
            R"([{"u":{"b":2}},{"u":{"b":3}},{"u":{"b":4}}])");
  EXPECT_EQ(Made().rename("a", "b").drop("a").of(R"({"b":1,"a":2})"), R"({"b":1})");
  EXPECT_EQ(Made().rename("a", "b").move("b", "c.d").of(R"({"b":1,"a":2})"), R"({"c":{"d":2}})");
}

TEST(JsonShape, LetsNamesChangePlaces) {
  EXPECT_EQ(Made().rename("a", "b").rename("b", "a").of(R"({"a":1,"b":2})"), R"({"b":1,"a":2})");
  EXPECT_EQ(Made().rename("a", "b").rename("b", "c").of(R"({"a":1,"b":2,"c":3})"), R"({"b":1,"c":2})");
}

TEST(JsonShape, GivesNoNameTwice) {
  Made shape;
  shape.rename("a", "x").rename("b.a", "x");
  EXPECT_EQ(shape.Shape::rename(path("c"), "x"), "another member gets that name already");
  EXPECT_EQ(shape.Shape::rename(path("a"), "y"), "gets another name already");
}

TEST(JsonShape, RepeatsNoNameThatWasNotRepeatedBefore) {
  RandomJson random(11);
  Made shape;
  shape.rename("a", "b").rename("b", "key").rename("key.a", "b").rename("[].b", "a").rename("[].a", "key");
  for (int i = 0; i < 3000; ++i) {
    Padded value(random.value());
    if (repeats_a_name(trimmed(value))) continue;
    EXPECT_FALSE(repeats_a_name(trimmed(Padded(shape.of(value.text()))))) << value.text();
  }
}

TEST(JsonShape, IsTheSameWhereATextIsCheckedAtOnce) {
  Made shape;
  shape.rename("[].a", "b").move("[].b", "[].c");
  Padded text(R"({"list":[{"b":1,"a":2}],"list":[{"b":3,"a":4},{"b":5}]})");
  std::string_view found;
  Output out;

  EXPECT_FALSE(shape.check_and_apply(text, path("list").steps(), found, out));

  EXPECT_EQ(out.text(), R"([{"c":4},{"c":5}])");
}

TEST(JsonShape, FindsNamesThatAreWrittenWithEscapes) {
  EXPECT_EQ(Made().drop("name").of(R"({"n\u0061me":1,"x":2})"), R"({"x":2})");
}

TEST(JsonShape, LeavesAPlainValueAsItIsWhateverStandsBehindIt) {
  Padded value("12", '3');
  Output out;
  Made().drop("a").apply(value, out);
  EXPECT_EQ(out.text(), "12");
}

TEST(JsonShape, IsAppliedWhileTheTextIsChecked) {
  Made shape;
  shape.rename("[].a", "b").move("[].c", "[].d.e");
  Padded text(R"({"list":[{"a":1,"c":2},{"a":3}],"list":[{"c":4}]} )"), wrong(R"({"list":[{"a":1}]}})");
  std::string_view found;
  Output out, none;

  EXPECT_FALSE(shape.check_and_apply(text, path("list").steps(), found, out));
  auto fault = shape.check_and_apply(wrong, path("list").steps(), found, none);

  EXPECT_EQ(out.text(), R"([{"d":{"e":4}}])");
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->offset, 18U);
  EXPECT_EQ(found.data(), nullptr);
  EXPECT_EQ(none.text(), "");
}

TEST(JsonShape, Moves) {
  EXPECT_EQ(Made().move("a.b", "c").of(R"({"a":{"b":1,"x":2}})"), R"({"a":{"x":2},"c":1})");
  EXPECT_EQ(Made().move("c", "a.b").of(R"({"a":{"x":2},"c":1})"), R"({"a":{"x":2,"b":1}})");
  EXPECT_EQ(Made().move("c", "a.b.d").of(R"({"c":1})"), R"({"a":{"b":{"d":1}}})");
  EXPECT_EQ(Made().move("a.b", "a.c").of(R"({"a":{"b":1}})"), R"({"a":{"c":1}})");
  EXPECT_EQ(Made().move("a", "b").of(R"({"b":1,"a":2,"b":3})"), R"({"b":2})");
  EXPECT_EQ(Made().move("a", "b.c").of(R"({"b":1,"a":2})"), R"({"b":{"c":2}})");
  EXPECT_EQ(Made().move("nothing", "b").of(R"({"a":1})"), R"({"a":1})");
}

TEST(JsonShape, MovesInEveryItem) {
  EXPECT_EQ(Made().only("items[].seller").move("items[].seller.id", "items[].seller_id").of(kPage),
            R"({"items":[{"seller":{},"seller_id":9},{}]})");
}

TEST(JsonShape, MovesOneAfterTheOther) {
  EXPECT_EQ(Made().move("a", "b").move("b", "c").move("c", "d.e").of(R"({"a":1})"), R"({"d":{"e":1}})");
  EXPECT_EQ(Made().rename("a", "x").move("x", "y.z").of(R"({"a":1})"), R"({"y":{"z":1}})");
}

TEST(JsonShape, RefusesWhatMakesNoSense) {
  Shape shape;
  EXPECT_EQ(shape.only(path("items[]")), "must end in the name of a member");
  EXPECT_EQ(shape.drop(path("items[0].a")), "cannot name one item of a list; [] stands for all of them");
  EXPECT_EQ(shape.move(path("items[].a"), path("a")), "both paths must lead through the same lists");
  EXPECT_EQ(shape.move(path("a"), path("a.b")), "one path leads into the other");
  EXPECT_EQ(shape.move(path("a.b"), path("a")), "one path leads into the other");
  EXPECT_FALSE(shape.changes());
}

TEST(JsonShape, MakesJsonOfAnyJson) {
  RandomJson random(5);
  Made shape;
  shape.only("a")
      .only("key.b")
      .only("[].a")
      .drop("a.a")
      .rename("a.b", "c")
      .move("a.key", "a.b.x")
      .move("[].a", "[].x");
  for (int i = 0; i < 3000; ++i) shape.of(random.value());
}

TEST(JsonShape, AppendsListsToLists) {
  EXPECT_EQ(Made().append("a", "b").of(R"({"a":[1, 2],"b":[ 0 ],"c":3})"), R"({"c":3,"b":[0,1, 2]})");
  EXPECT_EQ(Made().append("x.a", "b.c").of(R"({"x":{"a":[1],"y":2}})"), R"({"x":{"y":2},"b":{"c":[1]}})");
  EXPECT_EQ(Made().append("[].a", "[].b").of(R"([{"a":[1],"b":[2]},{"b":[3]},7])"),
            R"([{"b":[2,1]},{"b":[3]},7])");
  EXPECT_EQ(Made().append("a", "c").append("b", "c").of(R"({"a":[1],"b":[2]})"), R"({"c":[1,2]})");
}

TEST(JsonShape, CountsWhatIsNoListAsOneItem) {
  EXPECT_EQ(Made().append("a", "b").of(R"({"a":{"x":1},"b":7})"), R"({"b":[7,{"x":1}]})");
  EXPECT_EQ(Made().append("a", "b").of(R"({"a":null,"b":[]})"), R"({"b":[]})");
  EXPECT_EQ(Made().append("a", "b").of(R"({"a":[],"b":null})"), R"({"b":[]})");
  EXPECT_EQ(Made().append("a", "b").of(R"({"b":7})"), R"({"b":7})");
}

TEST(JsonShape, RefusesToAppendWhatIsInTheWayOfItself) {
  EXPECT_EQ(Shape().append(path("a"), path("a.b")), "one path leads into the other");
  EXPECT_EQ(Shape().append(path("a[].b"), path("c")), "both paths must lead through the same lists");
}

}  // namespace
}  // namespace sluice::json::shape_test
