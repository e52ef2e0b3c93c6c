// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/run.h"

#include <gmock/gmock.h>

#include <random>

#include "tests/unit/compose/services.h"

namespace sluice::compose::run_test {
namespace {

using base::Reason;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

// --- what is asked

TEST(ComposeRun, ForwardsEveryParameterOfAName) {
  Composing page(R"(calls: {a: {get: "a:/?x=0", forward: {query: [tag, none]}}})");
  page.ask("/page/7?tag=1&other=2&tag=a%20b&tag&t%61g=3");

  EXPECT_THAT(page.asked(), ElementsAre("GET a /?x=0&tag=1&tag=a%20b&tag=&tag=3"));
}

TEST(ComposeRun, ForwardsAllAndTheBodyToo) {
  Composing page(
      R"(calls: {a: {post: "a:/", forward: {all: true, body: true}, as: a}, b: {get: "b:/", forward: all, as: b}})");
  page.ask("/page/7?x=1", "X-A: 1\nContent-Type: text/plain\nContent-Encoding: br\n", "hello");

  EXPECT_THAT(page.asked(), UnorderedElementsAre("POST a /?x=1", "GET b /?x=1"));
  EXPECT_EQ(page.body(0), "hello");
  EXPECT_THAT(page.lines(0), HasSubstr("X-A: 1"));
  EXPECT_THAT(page.lines(0), HasSubstr("text/plain"));
  EXPECT_THAT(page.lines(0), HasSubstr("br"));
  EXPECT_EQ(page.body(1), "");
  EXPECT_THAT(page.lines(1), HasSubstr("X-A: 1"));
  EXPECT_THAT(page.lines(1), Not(HasSubstr("text/plain")));
  EXPECT_THAT(page.lines(1), Not(HasSubstr("ontent-")));
}

TEST(ComposeRun, ForwardsNoLookalikeOfWhatACallSets) {
  for (std::string_view forward : {"all", "{headers: [X_Member, X_Other]}"}) {
    Composing page(
        "calls: {a: {get: 'a:/', headers: {X-Member: '${path.id}'}, forward: " + std::string(forward) + "}}");
    page.ask("/page/7", "X_Member: evil\nX_Other: 1\n");

    EXPECT_THAT(page.lines(0), HasSubstr("X-Member: 7\n"));
    EXPECT_THAT(page.lines(0), Not(HasSubstr("evil"))) << forward;
    EXPECT_THAT(page.lines(0), HasSubstr("X_Other: 1\n"));
  }
}

TEST(ComposeRun, AsksByEveryMethod) {
  Composing page(R"(calls: {
    a: {put: "a:/x", json: {v: 1}, as: a}, b: {patch: "b:/", body: "p ${path.id}", as: b}, c: {delete: "c:/", as: c}})");
  page.ask();

  EXPECT_THAT(page.asked(), ElementsAre("PUT a /x", "PATCH b /", "DELETE c /"));
  EXPECT_EQ(page.body(0), R"({"v":1})");
  EXPECT_THAT(page.lines(0), HasSubstr("Content-Type: application/json\n"));
  EXPECT_EQ(page.body(1), "p 7");
  EXPECT_EQ(page.body(2), "");
}

TEST(ComposeRun, TakesNoMoreOfABodyThanCallsMayGet) {
  Composing page(R"(calls: {a: {post: "a:/", forward: {body: true}, as: a}})");
  std::string most(Plan::kMostRequestBody, 'x');
  for (bool measured : {true, false}) {
    page.ask("/page/7", {}, most, measured);
    ASSERT_EQ(page.asked().size(), 1u) << measured;
    EXPECT_TRUE(page.body(0) == most);

    page.ask("/page/7", {}, most + "x", measured);
    EXPECT_EQ(page.outcome().reason, Reason::body_too_large) << measured;
    EXPECT_THAT(page.asked(), IsEmpty());
  }
}

// However it is written in the answer that it comes from.
TEST(ComposeRun, LetsNoValueChangeThePathThatIsWritten) {
  Composing page(
      R"(calls: {a: {get: "a:/", hide: true}, b: {get: "b:/x/${a.v}/y", as: b}, c: {get: "c:/", as: c}})");
  for (auto value : {"..", ".", "a/b", "/", "\\u002e\\u002e", ""}) {
    page.ask();
    page.say("c", {200, "1"});
    page.say("a", {200, "{\"v\":\"" + std::string(value) + "\"}"});
    EXPECT_EQ(page.asked().size(), 2u) << value;
    EXPECT_EQ(page.outcome().body, R"({"c":1})") << value;
    EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: b;reason=reference\n")) << value;
  }
  page.ask();
  page.say("a", {200, R"({"v":"...a b"})"});
  EXPECT_EQ(page.asked().back(), "GET b /x/...a%20b/y");
}

TEST(ComposeRun, TakesTheFallbackForAClassOfStatuses) {
  Composing page(R"(calls: {a: {get: "a:/", as: a, fallback: 0, fallback_on: [5xx]},
                            b: {get: "b:/", as: b, fallback: 0, fallback_on: [4xx, timeout]}})");
  page.ask();
  page.say("a", {503, ""});
  page.say("b", {404, ""});
  EXPECT_EQ(page.outcome().body, R"({"a":0,"b":0})");
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("Sluice-Partial")))
      << "a status that is named is an answer";

  page.ask();
  page.say("a", {499, ""});
  page.say("b", {200, "1"});
  EXPECT_EQ(page.outcome().body, R"({"b":1})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: a;reason=status;status=499\n"));

  page.ask();
  page.say("a", {200, "1"});
  page.say("b", {500, ""});
  EXPECT_EQ(page.outcome().body, R"({"a":1})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: b;reason=status;status=500\n"));
}

constexpr const char* kAboutForm =
    "Accept-Encoding: gzip\nRange: bytes=0-1\nIf-None-Match: x\nIf-Modified-Since: y\nX-A: 1\n";

TEST(ComposeRun, ForwardsNothingThatDecidesAboutTheFormOfAnAnswerThatIsRead) {
  for (auto yaml :
       {R"(calls: {a: {get: "a:/", forward: all}})",
        R"({raw: a, calls: {a: {get: "a:/", forward: all}, b: {get: "b:/${a.x}", hide: true}}})"}) {
    Composing page(yaml);
    page.ask("/page/7", kAboutForm);

    EXPECT_THAT(page.lines(0), HasSubstr("X-A: 1"));
    for (auto name : {"Accept-Encoding", "Range", "If-None-Match", "If-Modified-Since"})
      EXPECT_THAT(page.lines(0), Not(HasSubstr(name))) << yaml;
  }
}

TEST(ComposeRun, ForwardsAllToACallWhoseAnswerIsPassedThrough) {
  Composing page(R"({raw: a, calls: {a: {get: "a:/", forward: all}}})");
  page.ask("/page/7", kAboutForm);
  for (auto name : {"Accept-Encoding: gzip", "Range: bytes=0-1", "If-None-Match: x", "If-Modified-Since: y"})
    EXPECT_THAT(page.lines(0), HasSubstr(name));
  page.say("a", {304, "", {{"ETag", "x"}}});

  EXPECT_EQ(page.outcome().status, 304);
}

TEST(ComposeRun, TakesA304ForAFailureOfACallWhoseAnswerIsRead) {
  Composing page(R"(calls: {a: {get: "a:/", as: a}, b: {get: "b:/", as: b}})");
  page.ask();
  page.say("a", {304, ""});
  page.say("b", {200, "1"});

  EXPECT_EQ(page.outcome().body, R"({"b":1})");
  EXPECT_THAT(page.outcome().fields, HasSubstr("Sluice-Partial: a;reason=status;status=304"));
}

// --- what is left out

constexpr const char* kConditional = R"yaml(calls: {
  a: {get: "a:/", when: "has(query.x)", fallback: {id: 1}, fallback_on: [error, skipped], hide: true},
  b: {get: "b:/${a.id}", required: true, as: b}})yaml";

TEST(ComposeRun, TakesTheFallbackOfACallThatItLeavesOutIfToldSo) {
  Composing page(kConditional);
  page.ask();
  EXPECT_THAT(page.asked(), ElementsAre("GET b /1"));
  page.say("b", {200, "2"});
  EXPECT_EQ(page.outcome().body, R"({"b":2})");
  EXPECT_THAT(page.outcome().fields, Not(HasSubstr("Sluice-Partial")));

  page.ask("/page/7?x=1");
  page.say("a", {200, R"({"id":5})"});
  EXPECT_THAT(page.asked(), ElementsAre("GET a /", "GET b /5"));
}

TEST(ComposeRun, TakesTheFallbackOfACallThatCannotBeMadeWithoutWhatIsLeftOut) {
  Composing page(R"yaml(calls: {
    a: {get: "a:/", when: "has(query.x)", as: a},
    b: {get: "b:/${a.id}", as: b, fallback: [], fallback_on: [skipped]},
    c: {get: "c:/${a.id}", as: c, fallback: []}})yaml");
  page.ask();

  EXPECT_EQ(page.outcome().body, R"({"b":[]})");
}

// --- required calls

constexpr const char* kTwo = R"(calls: {
  a: {get: "a:/", required: true, as: a}, b: {get: "b:/", required: true, as: b}, c: {get: "c:/", as: c}})";

TEST(ComposeRun, GivesTheFailureOfTheFirstRequiredCallWhoeverAnswersFirst) {
  Composing page(kTwo);
  page.ask();
  page.say("b", {404, "b"});
  EXPECT_FALSE(page.outcome().ended) << "a may still decide";
  EXPECT_THAT(page.waiting(), ElementsAre("a")) << "c cannot";
  page.say("a", {403, "a"});
  EXPECT_EQ(page.outcome().status, 403);
  EXPECT_EQ(page.outcome().body, "a");

  page.ask();
  page.say("a", {403, "a"});
  EXPECT_EQ(page.outcome().status, 403);
  EXPECT_THAT(page.waiting(), IsEmpty());
}

TEST(ComposeRun, GivesTheFailureOfALaterRequiredCallIfTheEarlierOnesAreGood) {
  Composing page(kTwo);
  page.ask();
  page.say("b", {404, "b"});
  page.say("a", {200, "1"});

  EXPECT_EQ(page.outcome().status, 404);
}

TEST(ComposeRun, WaitsForWhatAnEarlierRequiredCallNeedsAndMakesIt) {
  Composing page(R"(calls: {
    a: {get: "a:/${k.x}", required: true, as: a},
    b: {get: "b:/", required: true, as: b},
    k: {get: "k:/", fallback: {x: 1}, as: k},
    d: {get: "d:/${k.x}", as: d}})");
  page.ask();
  page.say("b", {404, "b"});
  EXPECT_THAT(page.waiting(), ElementsAre("k"));
  page.say("k", {200, R"({"x":2})"});
  EXPECT_THAT(page.waiting(), ElementsAre("a")) << "d is not worth asking any more";
  page.say("a", {500, ""});

  EXPECT_EQ(page.outcome().reason, Reason::upstream_status);
  EXPECT_THAT(page.outcome().detail, HasSubstr("a answered 500"));
}

// The call that could not be made for want of it is not the cause.
TEST(ComposeRun, GivesTheFailureOfWhatARequiredCallNeeds) {
  Composing page(R"(calls: {
    a: {get: "a:/${k.x}", required: true, as: a}, k: {get: "k:/", required: true, as: k}})");
  page.ask();
  page.say("k", {404, "no k"});

  EXPECT_EQ(page.outcome().status, 404);
  EXPECT_EQ(page.outcome().body, "no k");
}

TEST(ComposeRun, EndsAllCallsAtItsDeadline) {
  Composing page("timeout: 1s\n" + std::string(kTwo));
  page.ask();
  page.say("b", {404, "b"});
  page.pass(std::chrono::seconds(3));

  EXPECT_TRUE(page.outcome().ended);
  EXPECT_EQ(page.outcome().reason, Reason::timeout_total);
  EXPECT_THAT(page.waiting(), IsEmpty());
}

// --- any plan, any order

// Compositions that somebody might write, from a seed.
class AnyPlan {
 public:
  explicit AnyPlan(unsigned seed) : random_(seed) {}

  std::string yaml() {
    std::size_t n = 2 + below(5);
    std::vector<std::size_t> order(n);
    for (std::size_t i = 0; i < n; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random_);
    std::vector<std::string> calls(n);
    bool filled = below(6) == 0;  // a template in place of merging
    auto any = [&] { return std::string(1, static_cast<char>('a' + below(n))); };
    for (std::size_t at = 0; at < n; ++at) {
      std::string name(1, static_cast<char>('a' + order[at]));
      std::string& call = calls[order[at]];
      auto earlier = [&] { return std::string(1, static_cast<char>('a' + order[below(at)])); };
      bool each = at > 0 && below(5) == 0;
      std::string path = each ? "${each}" : at > 0 && below(2) ? "${" + earlier() + ".x}" : "";
      call = name + ": {get: \"" + name + ":/" + path + "\"";
      if (each) call += ", each: \"${" + earlier() + ".l[]}\", concurrency: 2";
      if (each && below(3) == 0) call += ", batch: 2";
      if (!filled && below(4)) call += ", as: " + name;
      if (!filled && below(8) == 0) call += ", zip: " + any();
      if (!filled && below(8) == 0) call += ", join: {on: x, with: " + any() + ".x}";
      if (below(3) == 0) call += ", required: true";
      if (below(3) == 0) {
        const char* on[] = {"[error]", "[error, skipped]", "[\"404\"]", "[timeout]"};
        call += std::string(", fallback: {x: 0, l: [9]}, fallback_on: ") + on[below(4)];
      }
      if (below(5) == 0)
        call += at > 0 && below(2) ? ", when: \"" + earlier() + ".x > 2\"" : ", when: \"has(query.q)\"";
      if (below(6) == 0) call += ", hide: true";
      if (below(8) == 0) call += ", pick: l";
      if (below(5) == 0) call += ", cache: 1h";
      if (below(4) == 0) call += ", response_headers: [ETag, Set-Cookie]";
      call += "}";
    }
    std::string out = below(2) ? "errors: errors\n" : "";
    if (filled) out += "json: {a: \"${a}\", x: \"${b.x}\"}\n";
    const char* conflicts[] = {"last", "first", "error", "deep", "concat"};
    out += std::string("on_conflict: ") + conflicts[below(5)] + "\ncalls:\n";
    for (const auto& call : calls) out += "  " + call + "\n";
    return out;
  }
  // What each call is answered, whatever it asks.
  std::vector<Said> answers() {
    std::vector<Said> out;
    for (std::size_t i = 0; i < 8; ++i) {
      std::string n = std::to_string(below(5));
      switch (below(9)) {
        case 0:
          out.push_back({404, "{\"no\":" + n + "}"});
          break;
        case 1:
          out.push_back({500, "oops"});
          break;
        case 2:
          out.push_back({200, "{\"l\":"});
          break;
        case 4:
          out.push_back({200, "", {}, Reason::timeout_total});
          break;
        case 5:
          out.push_back({200, "", {}, Reason::upstream_reset});
          break;
        case 3:
          out.push_back({200, "[{\"x\":" + n + ",\"y\":1},{\"x\":2}]"});
          break;
        default:
          out.push_back({200, "{\"x\":" + n + ",\"l\":[1," + n + "]}"});
      }
      const char* freshness[] = {"",
                                 "max-age=60",
                                 "public, max-age=90",
                                 "public, max-age=9, s-maxage=5",
                                 "private, max-age=30",
                                 "no-store"};
      auto& fields = out.back().fields;
      if (auto said = freshness[below(6)]; *said) fields.emplace_back("Cache-Control", said);
      if (below(2)) fields.emplace_back("ETag", "\"" + n + "\"");
      if (below(4) == 0) fields.emplace_back("Set-Cookie", "c" + n + "=1");
    }
    return out;
  }
  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  std::mt19937 random_;
};

Composing::Outcome outcome_in_some_order(Composing& page, std::string_view target,
                                         const std::vector<Said>& answers, std::mt19937& random) {
  page.ask(target);
  for (auto waiting = page.waiting(); !waiting.empty(); waiting = page.waiting()) {
    std::size_t n = random() % waiting.size();
    page.say(n, answers[static_cast<std::size_t>(waiting[n][0] - 'a')]);
  }
  EXPECT_TRUE(page.outcome().ended);
  return page.outcome();
}

TEST(ComposeRun, ComesToTheSameInWhateverOrderServicesAnswer) {
  std::size_t ran = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    AnyPlan any(seed);
    std::string yaml = any.yaml();
    if (made(yaml).problems.find("error: ") != std::string::npos) continue;
    ++ran;
    Composing page(yaml);
    auto answers = any.answers();
    std::string_view target = any.below(2) ? "/page/7" : "/page/7?q=1";
    std::mt19937 random(seed);
    auto first = outcome_in_some_order(page, target, answers, random);
    for (int order = 0; order < 6; ++order) {
      auto other = outcome_in_some_order(page, target, answers, random);
      ASSERT_EQ(other.status, first.status) << seed << "\n" << yaml << first.detail << "\n" << other.detail;
      ASSERT_EQ(other.body, first.body) << seed << "\n" << yaml;
      ASSERT_EQ(other.fields, first.fields) << seed << "\n" << yaml;
      ASSERT_EQ(other.detail, first.detail) << seed << "\n" << yaml;
    }
    // No answer has less in it than what is required.
    for (const CallPlan& p : page.plan().calls) {
      bool there = first.status == 200 && p.required && !p.when && !p.hidden && !p.place.empty();
      if (there) {
        ASSERT_THAT(first.body, HasSubstr("\"" + p.name + "\":")) << seed << "\n" << yaml;
      }
    }
  }
  EXPECT_GT(ran, 100u) << "most plans are refused";
}

}  // namespace
}  // namespace sluice::compose::run_test
