// SPDX-License-Identifier: Apache-2.0
// gateway/compose/each.cc
#include <gmock/gmock.h>

#include "tests/unit/compose/services.h"

namespace sluice::compose::each_test {
namespace {

using base::Reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Asks for 1, 2 and 3; `settings` are those of the call that is made for each.
std::string each(std::string_view settings) {
  return "calls: {ids: {get: 'ids:/', required: true, hide: true}, b: {each: '${ids[]}', get: 'b:/${each}', "
         "as: b" +
         std::string(settings) + "}}";
}
// Answers them.
void answer(Composing& page, Said first, Said second, Said third) {
  page.ask();
  page.say("ids", {200, "[1,2,3]"});
  page.say("b", std::move(first));
  page.say("b", std::move(second));
  page.say("b", std::move(third));
}

TEST(ComposeEach, LeavesOutWhatFailedAndSaysSo) {
  Composing page(each(""));
  answer(page, {200, "1"}, {404, ""}, {200, "3"});

  EXPECT_EQ(page.outcome().body, R"({"b":[1,3]})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: b;reason=status;status=404"));
}

TEST(ComposeEach, PassesTheRefusalOfARequiredItemOn) {
  Composing page(each(", required: true"));
  answer(page, {200, "1"}, {404, "no 2", {{"Content-Type", "text/plain"}}}, {500, ""});

  EXPECT_EQ(page.outcome().status, 404);
  EXPECT_EQ(page.outcome().body, "no 2");
  EXPECT_THAT(page.outcome().fields, HasSubstr("text/plain"));

  answer(page, {200, "1"}, {500, ""}, {404, ""});
  EXPECT_EQ(page.outcome().reason, Reason::upstream_status);
}

TEST(ComposeEach, CountsAStatusThatIsNamedAsAnAnswer) {
  for (auto required : {"", ", required: true"}) {
    Composing page(each(", fallback: [], fallback_on: ['404']" + std::string(required)));
    answer(page, {200, "1"}, {404, ""}, {200, "3"});
    EXPECT_EQ(page.outcome().body, R"({"b":[1,3]})");
    EXPECT_THAT(page.outcome().fields, Not(HasSubstr("Sluice-Partial")));
  }
}

TEST(ComposeEach, TakesTheFallbackIfNothingCame) {
  Composing named(each(", fallback: [0], fallback_on: ['404']"));
  answer(named, {404, ""}, {404, ""}, {404, ""});
  EXPECT_EQ(named.outcome().body, R"({"b":[0]})");
  EXPECT_THAT(named.outcome().fields, Not(HasSubstr("Sluice-Partial")));

  Composing both(each(", fallback: [0], fallback_on: ['404', error]"));
  answer(both, {404, ""}, {500, ""}, {404, ""});
  EXPECT_EQ(both.outcome().body, R"({"b":[0]})");
  EXPECT_THAT(both.outcome().fields, HasSubstr("b;reason=status;status=500;fallback"));
}

TEST(ComposeEach, GivesTheFailureOfTheFirstItemInOrderThatIsNotNamed) {
  Composing page(each(", required: true, fallback: [], fallback_on: ['404']"));
  answer(page, {404, ""}, {409, "two"}, {410, "three"});

  EXPECT_EQ(page.outcome().status, 409);
}

TEST(ComposeEach, AsksForNoMoreAtATimeThanAllowed) {
  Composing page(each(", concurrency: 2"));
  page.ask();
  page.say("ids", {200, "[1,2,3,2]"});
  EXPECT_THAT(page.waiting(), ElementsAre("b", "b"));
  page.say("b", {200, "1"});
  EXPECT_THAT(page.waiting(), ElementsAre("b", "b"));
  page.say("b", {200, "2"});
  page.say("b", {200, "3"});

  EXPECT_THAT(page.asked(), ElementsAre("GET ids /", "GET b /1", "GET b /2", "GET b /3"));
  EXPECT_EQ(page.outcome().body, R"({"b":[1,2,3]})");
}

TEST(ComposeEach, SaysTheSameOfOtherCallsInEachRequest) {
  Composing page(R"(calls: {
    ids: {get: "ids:/", hide: true},
    b: {each: "${ids.l[]}", post: "b:/${ids.org}/${each}?of=${ids.l}", json: {o: "${ids.o}", v: "${each}"}, as: b}})");
  page.ask();
  page.say("ids", {200, R"({"l":[1,2],"org":"a b","o":{"x":1.0}})"});

  EXPECT_THAT(page.asked(), ElementsAre("GET ids /", "POST b /a%20b/1?of=1,2", "POST b /a%20b/2?of=1,2"));
  EXPECT_EQ(page.body(1), R"({"o":{"x":1.0},"v":1})");
  EXPECT_EQ(page.body(2), R"({"o":{"x":1.0},"v":2})");
}

TEST(ComposeEach, TakesAListAloneForTheAnswerToABatch) {
  Composing page(
      "calls: {ids: {get: 'ids:/', hide: true}, b: {each: '${ids[]}', get: 'b:/?i=${each}', batch: 2, as: "
      "b}}");
  page.ask();
  page.say("ids", {200, "[1,2,3]"});
  page.say("b", {200, "[10,20]"});
  page.say("b", {200, "{}"});
  EXPECT_EQ(page.outcome().body, R"({"b":[10,20]})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: b;reason=invalid\n"));

  page.ask();
  page.say("ids", {200, "[1,2,3]"});
  page.say("b", {200, "{}"});
  page.say("b", {200, "7"});
  EXPECT_EQ(page.outcome().reason, Reason::response_invalid);
  EXPECT_EQ(page.outcome().detail, "b: a batch was not answered with a list");
}

TEST(ComposeEach, FailsForMoreValuesThanAllowed) {
  Composing page(each(", at_most: 2"));
  page.ask();
  page.say("ids", {200, "[1,2,2]"});
  EXPECT_EQ(page.waiting().size(), 2u) << "values that stand there twice count once";

  page.ask();
  page.say("ids", {200, "[1,2,3]"});
  EXPECT_EQ(page.asked().size(), 1u);
  EXPECT_EQ(page.outcome().detail, "b: 3 values are more than 2");
}

TEST(ComposeEach, FailsForValuesThatNoTextIsMadeOf) {
  Composing page(each(""));
  for (auto list : {R"([1,{"id":2}])", "[[[1]]]"}) {
    page.ask();
    page.say("ids", {200, list});
    EXPECT_EQ(page.asked().size(), 1u);
    EXPECT_EQ(page.outcome().reason, Reason::response_invalid);
    EXPECT_EQ(page.outcome().detail, "b: the list has objects or lists in it");
  }
}

TEST(ComposeEach, GivesTheFailureOfTheFirstItemWhoeverAnswersFirst) {
  Composing page(each(", required: true"));
  page.ask();
  page.say("ids", {200, "[1,2,3]"});
  page.say(std::size_t{2}, {410, "three"});
  page.say(std::size_t{1}, {409, "two"});
  page.say(std::size_t{0}, {200, "1"});

  EXPECT_EQ(page.outcome().status, 409);
  EXPECT_EQ(page.outcome().body, "two");
}

TEST(ComposeEach, GivesFieldsInTheOrderOfTheValues) {
  Composing page(each(", response_headers: [X-N, Set-Cookie]"));
  page.ask();
  page.say("ids", {200, "[1,2,3]"});
  page.say(std::size_t{2}, {200, "3", {{"Set-Cookie", "c=3"}, {"Cache-Control", "max-age=60"}}});
  page.say(std::size_t{1}, {200, "2", {{"X-N", "2"}, {"X-N", "2b"}, {"Cache-Control", "max-age=20"}}});
  page.say(std::size_t{0},
           {200, "1", {{"X-N", "1"}, {"Set-Cookie", "a=1"}, {"Cache-Control", "max-age=90"}, {"X", "no"}}});

  EXPECT_THAT(page.outcome().fields, HasSubstr("X-N: 2\nX-N: 2b\nSet-Cookie: a=1\nSet-Cookie: c=3\n"));
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("X-N: 1")));
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("X: no")));
  EXPECT_EQ(page.outcome().body, R"({"b":[1,2,3]})");
}

TEST(ComposeEach, KeepsOfManyAnswersNoMoreThanTheirValues) {
  Composing page("calls: {ids: {get: 'ids:/', as: ids}, b: {each: '${ids[]}', post: 'b:/${each}', body: '" +
                 std::string(300, 'x') + "${each}', pick: 'l[].n', response_headers: [X-N], as: b}}");
  std::string ids = "[0", expected = "[0]";
  for (int i = 1; i < 1000; ++i) {
    ids += "," + std::to_string(i);
    if (i % 10 != 0) expected += ",[" + std::to_string(i) + "]";
  }
  page.ask();
  page.say("ids", {200, ids + "]"});
  for (int i = 0; i < 1000; ++i) {
    bool good = i == 0 || i % 10 != 0;
    page.say("b", {good ? 200 : 404, R"({"l":[{"n":)" + std::to_string(i) + "}]}", {{"X-N", "some"}}});
  }

  EXPECT_EQ(page.outcome().body, R"({"ids":)" + ids + R"(],"b":[)" + expected + "]}");
  EXPECT_LT(page.arenas(), 50u);
  EXPECT_LT(page.held(), 64u * 1024);
}

}  // namespace
}  // namespace sluice::compose::each_test
