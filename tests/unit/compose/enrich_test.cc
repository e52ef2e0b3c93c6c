// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/enrich.h"

#include <gtest/gtest.h>

#include "tests/unit/json/colliding.h"
#include "tests/unit/json/padded.h"

namespace sluice::compose::enrich_test {
namespace {

using json::Padded;

std::vector<json::PathStep> steps(std::string_view path) {
  if (path.empty()) return {};
  return std::get<json::Path>(json::Path::parse(path)).steps();
}

std::string joined(std::string_view list, std::string_view on, std::string_view other_list,
                   std::string_view with, std::string_view value, std::string_view other) {
  JoinPlan plan{0, steps(list), steps(on), steps(other_list), steps(with), "\"owner\""};
  Padded a(value), b(other);
  base::Arena arena;
  json::Output out;
  join(plan, a, b, arena, out);
  return std::string(out.text());
}

TEST(Join, PutsTheOtherItemIntoEach) {
  EXPECT_EQ(
      joined("", "by", "", "id", R"([{"by":1},{"by":"b","owner":0},{"by":3},{},4])",
             R"([{"id":"b"},{"id":1,"n":1.0},{"id":1,"n":2}])"),
      R"([{"by":1,"owner":{"id":1,"n":1.0}},{"by":"b","owner":{"id":"b"}},{"by":3,"owner":null},{"owner":null},4])");
}

TEST(Join, GoesToTheListWhereverItIs) {
  EXPECT_EQ(joined("data.items", "by.id", "users", "id",
                   R"({"n":1,"data":{"items":[{"by":{"id":1}}],"x":2}})", R"({"users":[{"id":1}]})"),
            R"({"n":1,"data":{"items":[{"by":{"id":1},"owner":{"id":1}}],"x":2}})");
  EXPECT_EQ(joined("", "by", "", "id", R"({"by":1})", R"([{"id":1}])"), R"({"by":1,"owner":{"id":1}})");
}

TEST(Join, LeavesWhatHasNoListAsItIs) {
  EXPECT_EQ(joined("items", "by", "", "id", R"({"items":3})", "[]"), R"({"items":3})");
  EXPECT_EQ(joined("", "by", "", "id", "7", "[]"), "7");
  EXPECT_EQ(joined("", "by", "", "id", R"([{"by":1}])", "null"), R"([{"by":1,"owner":null}])");
}

TEST(Zip, MergesItemsInTheSamePlace) {
  Padded a(R"([{"a":1,"x":1},{"a":2},{"a":3}])"), b(R"([{"x":2,"b":1},7])");
  base::Arena arena;
  json::Output out;
  zip(a, b, arena, out);
  EXPECT_EQ(out.text(), R"([{"a":1,"x":2,"b":1},7,{"a":3}])");
}

std::string zipped(std::string_view value, std::string_view other) {
  Padded a(value), b(other);
  base::Arena arena;
  json::Output out;
  zip(a, b, arena, out);
  return std::string(out.text());
}

// Some write what is no ASCII as it is, others escape it.
TEST(Zip, ComparesWhatNamesSay) {
  EXPECT_EQ(zipped("[{\"na\\u00efve\":1,\"x\":2}]", "[{\"na\xC3\xAFve\":3}]"),
            "[{\"x\":2,\"na\xC3\xAFve\":3}]");
  EXPECT_EQ(zipped("[{\"na\xC3\xAFve\":1,\"x\":2}]", "[{\"na\\u00efve\":3}]"),
            "[{\"x\":2,\"na\\u00efve\":3}]");
}

TEST(Join, ReplacesAMemberOfThatNameHoweverItIsWritten) {
  EXPECT_EQ(joined("", "by", "", "id", R"([{"\u006fwner":0,"by":1}])", R"([{"id":1}])"),
            R"([{"by":1,"owner":{"id":1}}])");
}

// {"m0":value,"m1":value,...}
std::string object_of(std::size_t from, std::size_t to, std::string_view value) {
  std::string out = "{";
  for (std::size_t i = from; i < to; ++i)
    out += (i > from ? ",\"m" : "\"m") + std::to_string(i) + "\":" + std::string(value);
  return out + "}";
}

TEST(Zip, KnowsEachOfFewAndOfManyMembers) {
  for (std::size_t n : {1, 15, 16, 17, 18, 40}) {
    std::string mine = object_of(0, n, "1"), theirs = object_of(1, n + 1, "2");
    EXPECT_EQ(zipped("[" + mine + "]", "[" + theirs + "]"), "[{\"m0\":1," + theirs.substr(1) + "]") << n;
  }
}

// Each is done before the test's time is up if its time grows as the number of members does.
TEST(Zip, MergesObjectsOfManyMembers) {
  std::string mine = "[" + object_of(0, 200'000, "1") + "]", theirs = "[" + object_of(0, 200'000, "2") + "]";
  EXPECT_EQ(zipped(mine, theirs), theirs);
}

TEST(Zip, MergesObjectsWhoseNamesWereMadeToMeet) {
  std::string object = "[{";
  for (const std::string& name : json::colliding_names(200'000)) object += "\"" + name + "\":1,";
  object.back() = '}';
  object += "]";
  EXPECT_EQ(zipped(object, object), object);
}

TEST(Join, FindsItemsWhoseKeysWereMadeToMeet) {
  std::string items = "[", wanted = "[";
  for (const std::string& name : json::colliding_names(200'000)) {
    items += R"({"by":")" + name + R"("},)";
    wanted += R"({"by":")" + name + R"(","owner":{"by":")" + name + R"("}},)";
  }
  items.back() = wanted.back() = ']';
  EXPECT_TRUE(joined("", "by", "", "by", items, items) == wanted);
}

TEST(Zip, LeavesWhatIsNoListAsItIs) {
  Padded a("{}"), b("[]");
  base::Arena arena;
  json::Output out;
  zip(a, b, arena, out);
  EXPECT_EQ(out.text(), "{}");
}

}  // namespace
}  // namespace sluice::compose::enrich_test
