// SPDX-License-Identifier: Apache-2.0
// gateway/compose/answer.cc
#include <gmock/gmock.h>

#include "tests/unit/compose/services.h"

namespace sluice::compose::answer_test {
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

TEST(ComposeAnswer, PassesACodedAnswerOnAsItIs) {
  Composing page(R"({raw: a, calls: {a: {get: "a:/", forward: {headers: [Accept-Encoding]}}}})");
  page.ask("/page/7", "Accept-Encoding: gzip\n");
  EXPECT_THAT(page.lines(0), HasSubstr("Accept-Encoding: gzip\n"));
  page.say("a", {200, "\x1F\x8B no matter what", {{"Content-Encoding", "gzip"}, {"Content-Type", "text/x"}}});

  EXPECT_EQ(page.outcome().body, "\x1F\x8B no matter what");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Content-Encoding: gzip\n"));
  EXPECT_THAT(page.outcome().fields, HasSubstr("Content-Type: text/x\n"));
}

TEST(ComposeAnswer, TellsWhenEachCallBeganAndHowLongItTook) {
  using std::chrono::milliseconds;
  Composing page(R"({server_timing: true, calls: {
    a: {get: "a:/", as: a}, b: {get: "b:/${a.x}", as: b}, c: {get: "c:/${a.none}", as: c}}})");
  page.ask();
  page.pass(milliseconds(20));
  page.say("a", {200, R"({"x":1})"});
  page.pass(milliseconds(5));
  page.say("b", {200, "1"});

  EXPECT_THAT(page.outcome().fields,
              HasSubstr(R"(Server-Timing: a;dur=20.0;desc="at 0.0", b;dur=5.0;desc="at 20.0")"
                        "\n"));
}

TEST(ComposeAnswer, PassesWhateverTheServiceOfARawCallAnswers) {
  Composing page(R"({raw: b, calls: {a: {get: "a:/"}, b: {get: "b:/", response_headers: X-Why}}})");
  for (bool other : {true, false}) {
    page.ask();
    page.say("a", {other ? 200 : 503, "1"});
    page.say("b", {302, "there", {{"Location", "/login"}, {"X-Why", "session"}}});
    EXPECT_EQ(page.outcome().status, 302);
    EXPECT_EQ(page.outcome().body, "there");
    EXPECT_THAT(page.outcome().fields, HasSubstr("Location: /login\n"));
    EXPECT_THAT(page.outcome().fields, HasSubstr("X-Why: session\n"));
    EXPECT_THAT(page.outcome().fields, HasSubstr("no-store"));

    page.ask();
    page.say("a", {other ? 200 : 503, "1"});
    page.say("b", {503, "later", {{"Retry-After", "30"}, {"Location", "/x"}, {"Allow", "GET"}}});
    EXPECT_EQ(page.outcome().status, 503);
    EXPECT_EQ(page.outcome().body, "later");
    EXPECT_THAT(page.outcome().fields, HasSubstr("Retry-After: 30\n"));
    EXPECT_THAT(page.outcome().fields, Not(HasSubstr("Location")));
    EXPECT_THAT(page.outcome().fields, Not(HasSubstr("Allow")));

    page.ask();
    page.say("a", {other ? 200 : 503, "1"});
    page.say("b", {401, "", {{"WWW-Authenticate", "Basic"}}});
    EXPECT_EQ(page.outcome().status, 401);
    EXPECT_THAT(page.outcome().fields, HasSubstr("WWW-Authenticate: Basic\n"));
  }
}

TEST(ComposeAnswer, PassesTheRefusalOfARawCallThatOthersNeed) {
  Composing page(R"({raw: a, calls: {a: {get: "a:/"}, b: {get: "b:/${a.id}", hide: true}}})");
  page.ask();
  page.say("a", {302, "", {{"Location", "/login"}}});
  EXPECT_EQ(page.outcome().status, 302);

  // What is no refusal is not: everything failed, which is never a 200.
  page.ask();
  page.say("a", {200, "no JSON"});
  EXPECT_EQ(page.outcome().reason, Reason::response_invalid);
}

TEST(ComposeAnswer, MakesAFailureOfWhatARequiredRawCallAnswers) {
  Composing page(R"({raw: a, calls: {a: {get: "a:/", required: true}, b: {get: "b:/"}}})");
  for (int status : {302, 500}) {
    page.ask();
    page.say("b", {200, "1"});
    page.say("a", {status, "", {{"Location", "/login"}}});
    EXPECT_EQ(page.outcome().reason, Reason::upstream_status) << status;
  }
  page.ask();
  page.say("b", {200, "1"});
  page.say("a", {404, "none"});
  EXPECT_EQ(page.outcome().status, 404);
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

// What stands in `always` and what stands in `complete` are two values.
TEST(ComposeAnswer, ObeysThePolicyBetweenStaticValues) {
  auto answer = [](std::string_view policy) {
    Composing page(
        "{on_conflict: " + std::string(policy) +
        R"(, data: {always: {m: {v: 1, x: 1}}, complete: {m: {v: 2}}}, calls: {a: {get: "a:/", as: a}}})");
    page.ask();
    page.say("a", {200, "1"});
    return page.outcome();
  };
  EXPECT_EQ(answer("last").body, R"({"a":1,"m":{"v":2}})");
  EXPECT_EQ(answer("first").body, R"({"a":1,"m":{"v":1,"x":1}})");
  EXPECT_EQ(answer("deep").body, R"({"a":1,"m":{"v":2,"x":1}})");
  EXPECT_EQ(answer("error").reason, Reason::response_invalid);
  EXPECT_EQ(answer("error").detail, "data.always and data.complete both gave \"m\"");
}

// That of the call that comes, in place of the composition's.
TEST(ComposeAnswer, ObeysThePolicyOfACall) {
  auto body = [](std::string_view whole, std::string_view own) {
    Composing page("{" + std::string(whole) +
                   R"(calls: {a: {get: "a:/", on_conflict: error}, b: {get: "b:/")" + std::string(own) +
                   R"(}, c: {get: "c:/", as: m.y}}})");
    page.ask();
    page.say("a", {200, R"({"m":{"x":1},"l":[1]})"});
    page.say("b", {200, R"({"m":{"y":2},"l":[2]})"});
    page.say("c", {200, "3"});
    return page.outcome().body;
  };
  EXPECT_EQ(body("", ""), R"({"m":{"y":3},"l":[2]})");
  EXPECT_EQ(body("", ", on_conflict: first"), R"({"m":{"x":1,"y":3},"l":[1]})");
  EXPECT_EQ(body("", ", on_conflict: deep"), R"({"m":{"x":1,"y":3},"l":[2]})");
  EXPECT_EQ(body("", ", on_conflict: concat"), R"({"m":{"x":1,"y":3},"l":[1,2]})");
  EXPECT_EQ(body("on_conflict: first, ", ""), R"({"m":{"x":1,"y":3},"l":[1]})");
  EXPECT_EQ(body("on_conflict: first, ", ", on_conflict: last"), R"({"m":{"y":2},"l":[2]})");
  EXPECT_EQ(body("on_conflict: first, ", ", on_conflict: error"), "");
}

// In place of what a call before it gave.
TEST(ComposeAnswer, GivesAllLinesOfAField) {
  Composing page(
      R"({calls: {a: {get: "a:/", as: a, response_headers: [Link, Set-Cookie]},
                  b: {get: "b:/", as: b, response_headers: [link, Set-Cookie]}}})");
  page.ask();
  page.say("a", {200, "1", {{"Link", "</0>"}, {"Set-Cookie", "a=1"}}});
  page.say("b", {200, "1", {{"Link", "</1>"}, {"X", "1"}, {"Link", "</2>"}, {"Set-Cookie", "b=2"}}});

  EXPECT_THAT(page.outcome().fields, HasSubstr("Link: </1>\n"));
  EXPECT_THAT(page.outcome().fields, HasSubstr("Link: </2>\n"));
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("</0>")));
  EXPECT_THAT(page.outcome().fields, HasSubstr("Set-Cookie: a=1\n"));
  EXPECT_THAT(page.outcome().fields, HasSubstr("Set-Cookie: b=2\n"));
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

TEST(ComposeAnswer, FailsIfValuesCannotBeMerged) {
  Composing page(R"({on_conflict: deep, calls: {a: {get: "a:/"}, b: {get: "b:/"}}})");
  page.ask();
  page.say("a", {200, "[1]"});
  page.say("b", {200, R"({"x":1})"});

  EXPECT_EQ(page.outcome().reason, Reason::response_invalid);
  EXPECT_EQ(page.outcome().detail, "b gave an object, which cannot be merged with what the others gave");
}

TEST(ComposeAnswer, IsNoSuccessIfAllThatArrivedIsHidden) {
  Composing page(
      R"(calls: {token: {get: "t:/", hide: true}, a: {get: "a:/", as: a}, b: {get: "b:/", as: b}})");
  page.ask();
  page.say("t", {200, "1"});
  page.say("a", {500, ""});
  page.say("b", {404, ""});
  EXPECT_EQ(page.outcome().reason, Reason::upstream_status);
  EXPECT_EQ(page.outcome().detail, "a: a answered 500");

  page.ask();
  page.say("t", {200, "1"});
  page.say("a", {500, ""});
  page.say("b", {200, "2"});
  EXPECT_EQ(page.outcome().body, R"({"b":2})");
}

// Whoever writes a fallback for each wants an answer in any case; that they are fallbacks is told.
TEST(ComposeAnswer, IsASuccessOfFallbacksAlone) {
  Composing page(R"({errors: errors, completed_header: X-Completed, calls: {
    a: {get: "a:/", as: a, fallback: []}, b: {get: "b:/", as: b, fallback: {}}}})");
  page.ask();
  page.say("a", {500, ""});
  page.say("b", {200, "", {}, Reason::upstream_connect_failed});

  EXPECT_EQ(page.outcome().status, 200);
  EXPECT_EQ(
      page.outcome().body,
      R"({"a":[],"b":{},"errors":{"a":{"status":500,"reason":"status"},"b":{"reason":"upstream_connect_failed"}}})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: a;reason=status;status=500;fallback, "
                                               "b;reason=upstream_connect_failed;fallback\n"));
  EXPECT_THAT(page.outcome().fields, HasSubstr("X-Completed: false\n"));
  EXPECT_THAT(page.outcome().fields, HasSubstr("Cache-Control: no-store\n"));
}

TEST(ComposeAnswer, SeesWhatATemplateShowsOfAHiddenCall) {
  for (bool shown : {true, false}) {
    Composing page("{json: {t: \"${" + std::string(shown ? "token" : "a") +
                   "}\"}, calls: {token: {get: 't:/', hide: true}, a: {get: 'a:/'}}}");
    page.ask();
    page.say("t", {200, "1"});
    page.say("a", {500, ""});
    EXPECT_EQ(page.outcome().body, shown ? R"({"t":1})" : "");
    EXPECT_EQ(page.outcome().reason, shown ? Reason::none : Reason::upstream_status);
  }
}

TEST(ComposeAnswer, HasNothingWhereAPathLeadsThroughAnotherType) {
  Composing page(R"(calls: {
    a: {get: "a:/", pick: x.y, as: a}, b: {get: "b:/", pick: "x[].y", as: b},
    c: {get: "c:/", pick: "[0].x", as: c}, d: {get: "d:/", pick: x.y, expect: object, as: d}})");
  page.ask();
  page.say("a", {200, R"({"x":7})"});
  page.say("b", {200, R"({"x":{"y":1}})"});
  page.say("c", {200, R"({"x":1})"});
  page.say("d", {200, R"({"x":[{"y":{}}]})"});

  EXPECT_EQ(page.outcome().body, R"({"a":null,"b":[],"c":null})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: d;reason=invalid;status=200\n"));
}

TEST(ComposeAnswer, TakesTheStatusesThatCountForSuccess) {
  Composing page(
      R"(calls: {a: {get: "a:/", as: a, success: [200, 201]}, b: {get: "b:/", as: b, success: [2xx, 404]}})");
  page.ask();
  page.say("a", {204, ""});
  page.say("b", {404, R"({"no":1})"});
  EXPECT_EQ(page.outcome().body, R"({"b":{"no":1}})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: a;reason=status;status=204\n"));

  page.ask();
  page.say("a", {201, "1"});
  page.say("b", {500, ""});
  EXPECT_EQ(page.outcome().body, R"({"a":1})");
}

TEST(ComposeAnswer, MakesATextOfABodyThatIsOne) {
  Composing page(R"(calls: {a: {get: "a:/", format: text, as: content}, b: {get: "b:/", format: text, as: b},
                            c: {get: "c:/", query: {of: "${a}"}, as: c}})");
  page.ask();
  EXPECT_THAT(page.lines(0), HasSubstr("Accept: text/plain, */*;q=0.5\n"));
  page.say("b", {204, ""});
  page.say("a", {200, " say \"hi\"\n\xC3\xA9\xFF"});
  EXPECT_EQ(page.asked().back(), "GET c /?of=%20say%20%22hi%22%0A%C3%A9%EF%BF%BD");
  page.say("c", {200, "1"});

  EXPECT_EQ(page.outcome().body,
            "{\"content\":\" say \\\"hi\\\"\\n\xC3\xA9\xEF\xBF\xBD\",\"b\":null,\"c\":1}");
}

TEST(ComposeAnswer, MayBeATextAlone) {
  Composing page(R"(calls: {a: {get: "a:/", format: text}})");
  page.ask();
  page.say("a", {200, "as it is"});

  EXPECT_EQ(page.outcome().body, "\"as it is\"");
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
}  // namespace sluice::compose::answer_test
