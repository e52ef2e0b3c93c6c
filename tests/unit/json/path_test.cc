// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/json/padded.h"

namespace sluice::json::path_test {
namespace {

Path path(std::string_view text) {
  auto parsed = Path::parse(text);
  if (auto* fault = std::get_if<Path::Fault>(&parsed)) ADD_FAILURE() << text << ": " << fault->message;
  return std::get<Path>(parsed);
}
std::string fault(std::string_view text) {
  auto parsed = Path::parse(text);
  auto* fault = std::get_if<Path::Fault>(&parsed);
  return fault ? std::to_string(fault->offset) + ": " + fault->message : "";
}

TEST(JsonPath, IsWrittenAsItWasRead) {
  for (std::string_view text : {"a", "a.b_c.d-e", "items[0].price", "items[].price", "[].id", "[3]",
                                "[\"a.b\"].c", "a[\"\"]", "$ref", "a[][]", "\xC3\xA4.b"})
    EXPECT_EQ(path(text).text(), text);
}

TEST(JsonPath, SaysWhatIsWrong) {
  EXPECT_EQ(fault(""), "0: the path is empty");
  EXPECT_EQ(fault("a..b"), "2: expected a name; names with other signs are written [\"so\"]");
  EXPECT_EQ(fault("a b"), "1: expected `.` or `[`");
  EXPECT_EQ(fault("a["), "1: `[` is not closed");
  EXPECT_EQ(fault("a[x]"), "1: expected [] for every item, [0] for the first, or [\"a name\"]");
  EXPECT_EQ(fault("a[-1]"), "1: expected [] for every item, [0] for the first, or [\"a name\"]");
  EXPECT_EQ(fault("a[99999999999999999999]"),
            "1: expected [] for every item, [0] for the first, or [\"a name\"]");
  EXPECT_EQ(fault("a[\"x"), "1: expected `\"]`");
  EXPECT_EQ(fault(".a"), "0: expected a name; names with other signs are written [\"so\"]");
  std::string longer = "a";
  for (int i = 0; i < 40; ++i) longer += ".a";
  EXPECT_THAT(fault(longer), testing::HasSubstr("too long"));
}

class JsonFind : public testing::Test {
 protected:
  std::string found(std::string_view p) {
    auto at = find(text, path(p).steps());
    return at ? std::string(*at) : "nothing";
  }
  std::string all(std::string_view p) {
    std::string out;
    for_each(text, path(p).steps(), [&](std::string_view v) { out += std::string(v) + ";"; });
    return out;
  }
  Padded text{R"({"id": 12345678901234567890, "user": {"name": "Ann", "na\u006de": "Bob", "a.b": 1},
    "items": [{"price": 1.50, "tags": ["x", "y"]}, {"other": 1}, {"price": null, "tags": []}, 7], "none": null})"};
};

TEST_F(JsonFind, FindsWhatStandsThere) {
  EXPECT_EQ(found("id"), "12345678901234567890");
  EXPECT_EQ(found("user[\"a.b\"]"), "1");
  EXPECT_EQ(found("items[0].price"), "1.50");
  EXPECT_EQ(found("items[0].tags[1]"), "\"y\"");
  EXPECT_EQ(found("none"), "null");
  EXPECT_EQ(found("items[].other"), "1");
}

TEST_F(JsonFind, CountsTheLastOfTwoMembersOfOneName) { EXPECT_EQ(found("user.name"), "\"Bob\""); }

TEST_F(JsonFind, FindsNothingWhereNothingIs) {
  for (std::string_view p : {"nothing", "id.x", "id[0]", "user[0]", "items.price", "items[9]",
                             "items[].nothing", "none.x", "user[].x"})
    EXPECT_EQ(found(p), "nothing") << p;
}

TEST_F(JsonFind, VisitsEverythingThatStandsThere) {
  EXPECT_EQ(all("items[].price"), "1.50;null;");
  EXPECT_EQ(all("items[].tags[]"), "\"x\";\"y\";");
  EXPECT_EQ(all("id"), "12345678901234567890;");
  EXPECT_EQ(all("user[].x"), "");
}

}  // namespace
}  // namespace sluice::json::path_test
