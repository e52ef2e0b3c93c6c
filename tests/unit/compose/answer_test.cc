// SPDX-License-Identifier: Apache-2.0
// gateway/compose/answer.cc
#include <gmock/gmock.h>

#include "tests/unit/compose/services.h"

namespace sluice::compose {
namespace {

using base::Reason;
using testing::HasSubstr;
using testing::Not;

// The answer to two calls whose services let everybody keep what they say.
std::string cache_control(std::string_view yaml) {
  Composing page(yaml);
  page.ask("/page/7?brief=1");
  while (!page.waiting().empty())
    page.say(std::size_t{0}, {200, R"({"x":1})", {{"Cache-Control", "public, max-age=60"}}});
  EXPECT_EQ(page.outcome().status, 200) << page.outcome().detail;
  return page.outcome().fields;
}

TEST(ComposeAnswer, IsPrivateIfItDependsOnWhoCalls) {
  EXPECT_THAT(cache_control(R"(calls: {a: {get: "a:/${path.id}"}, b: {get: "b:/${query.brief}", as: b}})"),
              HasSubstr("Cache-Control: public, max-age=60"));
  for (auto yaml :
       {R"({json: {hi: "${claim.name}", a: "${a.x}"}, calls: {a: {get: "a:/"}}})",
        R"({json: {lang: "${header.accept-language}"}, calls: {a: {get: "a:/"}}})",
        R"({calls: {a: {get: "a:/"}, b: {get: "b:/", as: b, when: "claim.tier != 'gold'"}}})",
        R"yaml({calls: {a: {get: "a:/"}, b: {get: "b:/", as: b, when: "!('x' in consumer.groups)"}}})yaml",
        R"({calls: {a: {get: "a:/", when: "header['x-a'] != 'b'"}, b: {get: "b:/", as: b}}})",
        R"({calls: {a: {get: "a:/", headers: {X: "${client.ip}"}}}})"})
    EXPECT_THAT(cache_control(yaml), HasSubstr("Cache-Control: private, max-age=60")) << yaml;
  EXPECT_THAT(
      cache_control(
          R"yaml({json: {id: "${path.id}", a: "${a.x}"}, calls: {a: {get: "a:/", when: "has(query.brief) && request.method == 'GET'"}}})yaml"),
      HasSubstr("public"));
}

TEST(ComposeAnswer, PassesOnWhatSaysWhichPartItIs) {
  Composing page(R"({raw: a, calls: {a: {get: "a:/", forward: {headers: [Range]}}}})");
  page.ask("/page/7", "Range: bytes=0-1\n");
  page.say("a", {206,
                 "ab",
                 {{"Content-Range", "bytes 0-1/9"},
                  {"Accept-Ranges", "bytes"},
                  {"Vary", "Origin"},
                  {"Vary", "X"},
                  {"Content-Language", "de"},
                  {"Server", "x"}}});

  EXPECT_EQ(page.outcome().status, 206);
  EXPECT_EQ(page.outcome().body, "ab");
  for (auto line : {"Content-Range: bytes 0-1/9\n", "Accept-Ranges: bytes\n", "Vary: Origin\n", "Vary: X\n",
                    "Content-Language: de\n"})
    EXPECT_THAT(page.outcome().fields, HasSubstr(line));
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("Server")));
}

TEST(ComposeAnswer, TellsWhatToDoAboutARefusal) {
  Composing page(R"({calls: {a: {get: "a:/", required: true, response_headers: [X-Left, Set-Cookie]}}})");
  page.ask();
  page.say("a",
           {429, "slow down", {{"Retry-After", "30"}, {"X-Left", "0"}, {"X-Other", "1"}, {"Allow", "GET"}}});
  EXPECT_EQ(page.outcome().status, 429);
  EXPECT_THAT(page.outcome().fields, HasSubstr("Retry-After: 30\n"));
  EXPECT_THAT(page.outcome().fields, HasSubstr("X-Left: 0\n"));
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("X-Other")));
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("Allow")));
  EXPECT_THAT(page.outcome().fields, HasSubstr("no-store"));

  page.ask();
  page.say("a", {405, "", {{"Allow", "GET"}}});
  EXPECT_THAT(page.outcome().fields, HasSubstr("Allow: GET\n"));
}

TEST(ComposeAnswer, AddsToWhatATemplateMakes) {
  Composing page(
      R"({json: {a: "${a}", v: 1}, data: {always: {v: 2}, partial: {less: true}}, errors: errors, error_bodies: true,
          calls: {a: {get: "a:/"}, b: {get: "b:/"}}})");
  page.ask();
  page.say("a", {200, "1.50"});
  page.say("b", {500, "{}"});

  EXPECT_EQ(page.outcome().body,
            R"({"a":1.50,"v":2,"less":true,"errors":{"b":{"status":500,"reason":"status","body":{}}}})");
}

// Not in silence.
TEST(ComposeAnswer, FailsIfThereIsNoPlaceForWhatIsAdded) {
  for (auto more : {"data: {partial: {p: 1}}", "errors: errors"}) {
    Composing page("{" + std::string(more) + R"(, calls: {a: {get: "a:/"}, b: {get: "b:/", hide: true}}})");
    page.ask();
    page.say("a", {200, "[1]"});
    page.say("b", {500, ""});
    EXPECT_EQ(page.outcome().reason, Reason::response_invalid) << more;
    EXPECT_THAT(page.outcome().detail, HasSubstr("there is no place for"));
  }
}

TEST(ComposeAnswer, ShapesTheWhole) {
  Composing page(R"({drop: a.secret, rename: {b: bees}, append: {a.new: bees}, move: {a.id: id},
    calls: {a: {get: "a:/", as: a}, b: {get: "b:/", as: b}}})");
  page.ask();
  page.say("b", {200, "[1]"});
  page.say("a", {200, R"({"id":7,"secret":1,"new":[2.0]})"});

  EXPECT_EQ(page.outcome().body, R"({"a":{},"id":7,"bees":[1,2.0]})");
}

}  // namespace
}  // namespace sluice::compose
