// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/number_finder.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace sluice::json::number_finder_test {
namespace {

const std::vector<std::string> kUsage = {"usage", "total_tokens"};

// What is found, whether the text comes whole or byte by byte.
std::optional<std::uint64_t> found(std::string_view text, bool by_line = false,
                                   const std::vector<std::string>& names = kUsage) {
  NumberFinder whole(names, by_line), bytes(names, by_line);
  bool in_whole = whole.feed(text), in_bytes = false;
  for (char c : text) in_bytes |= bytes.feed({&c, 1});
  EXPECT_EQ(in_whole, in_bytes) << text;
  EXPECT_EQ(whole.number(), bytes.number()) << text;
  return in_whole ? std::optional(whole.number()) : std::nullopt;
}

TEST(NumberFinder, FindsTheNumberAtTheEndOfTheWay) {
  EXPECT_EQ(found(R"({"usage":{"total_tokens":17}})"), 17u);
  EXPECT_EQ(
      found("{ \"id\" : 1,\r\n \"usage\" :\t{\"a\": [3, {\"b\": 4}], \"total_tokens\" : 17\n}, \"z\": 9 }"),
      17u);
  EXPECT_EQ(found(R"({"usage":{"total_tokens":0}})"), 0u);
  EXPECT_EQ(found(R"({"n":5})", false, {"n"}), 5u);
  EXPECT_EQ(found(R"({"choices":[{"text":"a \"} { [ \\"}],"usage":{"total_tokens":17}})"), 17u);
}

TEST(NumberFinder, TakesNothingElseForIt) {
  for (const char* text : {
           "",
           "[]",
           "{}",
           "17",
           R"("usage")",
           R"({"usage":{"total_tokens":"17"}})",
           R"({"usage":{"total_tokens":[17]}})",
           R"({"usage":{"total_tokens":{"x":17}}})",
           R"({"usage":{"total_tokens":null}})",
           R"({"usage":{"total_tokens":-17}})",
           R"({"usage":{"total_tokens":17.5}})",
           R"({"usage":{"total_tokens":17e2}})",
           R"({"usage":{"total_token":17,"total_tokens2":18,"x":19}})",
           R"({"usage":{"x":"total_tokens","y":17}})",
           R"({"usage":{"total\_tokens":17}})",
           R"({"usage":[{"total_tokens":17}]})",
           R"({"usage":17,"total_tokens":18})",
           R"({"x":{"usage":{"total_tokens":17}}})",
           R"({"x":{"total_tokens":17}})",
           R"([{"usage":{"total_tokens":17}}])",
           R"({"text":"{\"usage\":{\"total_tokens\":17}}"})",
           R"({"usage":{"total_tokens":17)",  // and more digits may come
       })
    EXPECT_EQ(found(text), std::nullopt) << text;
}

TEST(NumberFinder, GoesOnAfterWhatLedNowhere) {
  EXPECT_EQ(found(R"({"usage":{"x":1},"y":[],"usage":{"total_tokens":"?"},"usage":{"total_tokens":17}})"),
            17u);
  EXPECT_EQ(found(R"({"usage":{"total_tokens":{"total_tokens":1},"total_tokens":17}})"), 17u);
  EXPECT_EQ(found("]}],\"x\":1{\"usage\":{\"total_tokens\":17}}"), 17u);
}

TEST(NumberFinder, KeepsTheLastOfSeveral) {
  EXPECT_EQ(found(R"({"usage":{"total_tokens":17},"usage":{"total_tokens":18}})"), 18u);
  EXPECT_EQ(found("{\"usage\":{\"total_tokens\":17}}\n{\"usage\":{\"total_tokens\":19}}\n"), 19u);
}

TEST(NumberFinder, TakesNoNumberForMoreThanItsMost) {
  EXPECT_EQ(found(R"({"usage":{"total_tokens":99999999999999999999999999999999999999}})"),
            NumberFinder::kMost);
}

TEST(NumberFinder, ReadsEachLineForItself) {
  EXPECT_EQ(
      found("event: a\ndata: {\"usage\":null}\n\ndata: {\"usage\":{\"total_tokens\":17}}\n\ndata: [DONE]\n\n",
            true),
      17u);
  EXPECT_EQ(found("data: {\"cut\":\"off\n\ndata: {\"usage\":{\"total_tokens\":17}}\r\n\r\n", true), 17u);
  EXPECT_EQ(found("data: {\"usage\":{\ndata: \"total_tokens\":17}}\n\n", true), std::nullopt);
}

TEST(NumberFinder, SaysWhenThereIsANewOne) {
  NumberFinder finder(kUsage, true);
  EXPECT_TRUE(finder.feed("data: {\"usage\":{\"total_tokens\":1}}\n"));
  EXPECT_FALSE(finder.feed("data: {\"text\":\"x\"}\n"));
  EXPECT_EQ(finder.number(), 1u);
  EXPECT_TRUE(finder.feed("data: {\"usage\":{\"total_tokens\":2}}\n"));
  EXPECT_EQ(finder.number(), 2u);
}

}  // namespace
}  // namespace sluice::json::number_finder_test
