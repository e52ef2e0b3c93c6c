// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/regex_states.h"

#include <gtest/gtest.h>

#include <random>

#include <re2/re2.h>

namespace sluice::routing::regex_states_test {
namespace {

// The path that both have, "none" or "unknown".
std::string common(std::string_view a, std::string_view b) {
  auto x = RegexStates::of(a), y = RegexStates::of(b);
  if (!x || !y) return "unknown";
  std::size_t steps = 1'000'000;
  auto found = overlap(*x, *y, steps);
  if (found.verdict == Overlap::Verdict::unknown) return "unknown";
  if (found.verdict == Overlap::Verdict::none) return "none";
  for (auto text : {a, b})
    EXPECT_TRUE(RE2::FullMatch(found.path, RE2(std::string(text), RE2::Latin1))) << found.path << " " << text;
  return found.path;
}

struct Pair {
  const char *a, *b, *common;
};

class RegexOverlap : public testing::TestWithParam<Pair> {};

TEST_P(RegexOverlap, IsDecidedBothWaysRound) {
  const Pair& p = GetParam();

  auto there = common(p.a, p.b), back = common(p.b, p.a);

  EXPECT_EQ(there, p.common);
  EXPECT_EQ(back == "none", there == "none");
  EXPECT_EQ(back == "unknown", there == "unknown");
}

INSTANTIATE_TEST_SUITE_P(
    All, RegexOverlap,
    testing::Values(
        Pair{"/a", "/a", "/a"}, Pair{"/a", "/b", "none"}, Pair{"/a|/b", "/b|/c", "/b"},
        Pair{"/v[0-9]+/users", "/v[0-9]+/orders", "none"}, Pair{"/v[0-9]+/users", "/v1/.*", "/v1/users"},
        Pair{"/.*x", "/y.*", "/yx"}, Pair{"/(ab)*", "/(aba)*", "/"}, Pair{"/(ab)+", "/(aba)+", "none"},
        Pair{"/(aa)+b", "/(aaa)+b", "/aaaaaab"}, Pair{"/a{3}", "/a{4,}", "none"},
        Pair{"/a{2,4}", "/a{4,}", "/aaaa"}, Pair{"/a{,2}", "/a\\{,2\\}", "/a{,2}"},
        Pair{"/a?b?c?", "/c", "/c"}, Pair{"/a*?", "/a+?b", "none"}, Pair{"/\\d+", "/[a-f]+", "none"},
        Pair{"/\\w+", "/_", "/_"}, Pair{"/\\W", "/[a-z]", "none"}, Pair{"/\\S+", "/%20", "/%20"},
        Pair{"/\\s", "/.", "none"}, Pair{"/[^a-z]+", "/[[:lower:]]+", "none"},
        Pair{"/[[:^digit:]]", "/[0-9a]", "/a"}, Pair{"/[]x]", "/[x]", "/x"},
        Pair{"/[^]x]", "/[x\\]]", "none"}, Pair{"/[a-]", "/-", "/-"}, Pair{"/[\\w.-]+", "/\\.\\.", "/.."},
        Pair{"/(?i)ABC", "/abc", "/abc"}, Pair{"/(?i:a)b", "/AB", "none"}, Pair{"/((?i)a)b", "/Ab", "/Ab"},
        Pair{"(?i)/[a-c]", "/B", "/B"}, Pair{"/(?P<id>[0-9]+)", "/(?:7|8)", "/7"},
        Pair{"/\\Qa.b\\E", "/a.b", "/a.b"}, Pair{"/\\Qa.b\\E", "/axb", "none"}, Pair{"/\\x41", "/A", "/A"},
        Pair{"/\\x{41}", "/A", "/A"}, Pair{"^/a$|^/b", "/b", "/b"}, Pair{".*\\.php", "/[a-z]+.*", "/x.php"},
        // Nothing but a path is asked for: the empty text is none, nor is what has no slash in front.
        Pair{"a*", "b*", "none"}, Pair{"(/x)?", "(/y)?", "none"}, Pair{"a|/x", "a|/y", "none"},
        Pair{"/a\\?b", "/a.b", "none"}, Pair{"/\\bx", "/x", "unknown"}, Pair{"/a(^b|c)", "/ac", "unknown"},
        Pair{"/\\pL", "/x", "unknown"}, Pair{"/a{1000}{1000}", "/a*", "unknown"}));

// Against what RE2 says of every short path over a small alphabet.
TEST(RegexOverlaps, AreThoseThatShortPathsShow) {
  std::vector<std::string> paths{"/"};
  for (std::size_t i = 0; paths[i].size() < 6; ++i)
    for (char c : std::string_view("ab/")) paths.push_back(paths[i] + c);
  std::mt19937 random(3);
  auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  auto expression = [&] {
    static constexpr const char* kPieces[] = {"a",  "b",     ".",     "[ab]",   "[^a]", "/",
                                              "a*", "(ab)*", "(a|b)", "(a|/)?", "b+",   "a{2}"};
    std::string out = "/";
    for (std::size_t n = 1 + pick(3); n > 0; --n) out += kPieces[pick(std::size(kPieces))];
    return out;
  };
  int none = 0;
  for (int i = 0; i < 300; ++i) {
    std::string a = expression(), b = expression();
    RE2 x(a, RE2::Latin1), y(b, RE2::Latin1);
    bool shown = std::ranges::any_of(
        paths, [&](const std::string& p) { return RE2::FullMatch(p, x) && RE2::FullMatch(p, y); });
    EXPECT_EQ(common(a, b) != "none", shown) << a << " " << b;
    none += !shown;
  }
  EXPECT_GT(none, 50);
  EXPECT_LT(none, 280);
}

TEST(RegexStates, KnowWithWhatEveryMatchEnds) {
  auto tail = [](std::string_view expression) { return RegexStates::of(expression)->tail(); };
  EXPECT_EQ(tail("/api/[0-9]+/op17"), "/op17");
  EXPECT_EQ(tail("/a"), "/a");
  EXPECT_EQ(tail("/a|/b"), "");
  EXPECT_EQ(tail("/[0-9]+"), "");
  EXPECT_EQ(tail("/x(?i)ab"), "");
  EXPECT_EQ(tail("/xa?"), "");
}

TEST(RegexStates, AreComparedWithinTheStepsThatAreLeft) {
  auto a = RegexStates::of("/[a-z]{1,200}/x"), b = RegexStates::of("/[a-z]{1,200}/y");
  std::size_t steps = 100'000;
  EXPECT_EQ(overlap(*a, *b, steps).verdict, Overlap::Verdict::none);
  EXPECT_LT(steps, 100'000u);
  steps = 10;
  EXPECT_EQ(overlap(*a, *b, steps).verdict, Overlap::Verdict::unknown);
  EXPECT_EQ(steps, 0u);
}

}  // namespace
}  // namespace sluice::routing::regex_states_test
