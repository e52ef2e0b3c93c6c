// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/sources.h"

#include <gtest/gtest.h>

namespace sluice::config::sources_test {
namespace {

Sources::Excerpt excerpt(const std::string& text, Place place) {
  Sources sources;
  sources.add("a.yaml", text);
  return sources.excerpt(place);
}

TEST(Sources, NamesPlacesAsEditorsDo) {
  Sources sources;
  std::uint32_t file = sources.add("conf/a.yaml", "x: 1\n");

  EXPECT_EQ(sources.text({file, 3, 5}), "conf/a.yaml:3:5");
  EXPECT_EQ(sources.text({file, 3, 0}), "conf/a.yaml:3");
  EXPECT_EQ(sources.text({file, 0, 0}), "conf/a.yaml");
  EXPECT_EQ(sources.text({}), "");
  EXPECT_EQ(sources.text({9, 1, 1}), ":1:1");
}

TEST(Sources, ShowsTheLineAndTheCaret) {
  auto shown = excerpt("a: 1\n  b: 2\nc: 3", {1, 2, 6});

  EXPECT_EQ(shown.line, "  b: 2");
  EXPECT_EQ(shown.caret, 5u);
}

TEST(Sources, BreaksLinesAtEveryKindOfLineBreak) {
  EXPECT_EQ(excerpt("a\r\nb\rc\nd", {1, 2, 1}).line, "b");
  EXPECT_EQ(excerpt("a\r\nb\rc\nd", {1, 3, 1}).line, "c");
  EXPECT_EQ(excerpt("a\r\nb\rc\nd", {1, 4, 1}).line, "d");
}

TEST(Sources, ShowsNothingForALineThatIsNotThere) {
  EXPECT_EQ(excerpt("a: 1\n", {1, 7, 1}).line, "");
  EXPECT_EQ(excerpt("a: 1\n", {1, 0, 0}).line, "");
  EXPECT_EQ(excerpt("a: 1\n", {2, 1, 1}).line, "");
  EXPECT_EQ(excerpt("a: 1\n", {}).line, "");
}

TEST(Sources, PutsTheCaretBehindTheEndOfTheLine) { EXPECT_EQ(excerpt("a: 1\n", {1, 1, 40}).caret, 4u); }

TEST(Sources, CountsCharactersAndNotBytes) {
  auto shown = excerpt("\xC3\xA4\xE2\x82\xAC: x", {1, 1, 5});

  EXPECT_EQ(shown.line, "\xC3\xA4\xE2\x82\xAC: x");
  EXPECT_EQ(shown.caret, 4u);
}

TEST(Sources, ShowsTabsAndControlCharactersAsBlanksAndBadBytesAsSuch) {
  EXPECT_EQ(excerpt("\ta:\x1b[31m \xff", {1, 1, 1}).line, " a: [31m \xEF\xBF\xBD");
}

TEST(Sources, HidesAPrivateKeyThatWasPastedWhereItsPathShouldStand) {
  auto shown = excerpt("k\xC3\xA4y: \"-----BEGIN PRIVATE KEY-----MC4\"\n", {1, 1, 6});

  EXPECT_EQ(shown.line, "k\xC3\xA4y: \"***");
  EXPECT_EQ(shown.caret, 5u);
}

TEST(Sources, CutsLongLinesAroundThePlace) {
  std::string text = std::string(500, 'a') + "X" + std::string(500, 'b');

  auto shown = excerpt(text, {1, 1, 501});

  EXPECT_LT(shown.line.size(), 140u);
  EXPECT_EQ(shown.line[shown.caret], 'X');
  EXPECT_TRUE(shown.line.starts_with("..."));
  EXPECT_TRUE(shown.line.ends_with("..."));
}

TEST(Sources, ShowsNothingOfAnEndlessLine) {
  EXPECT_EQ(excerpt("a: " + std::string(30'000, 'x'), {1, 1, 4}).line, "");
}

TEST(Sources, HidesARangeAndMovesTheCaret) {
  Sources sources;
  sources.add("a.yaml", "{pin: 1234567, b: x}");
  sources.hide({1, 1, 7}, 1, 14);

  EXPECT_EQ(sources.excerpt({1, 1, 16}).line, "{pin: ***, b: x}");
  EXPECT_EQ(sources.excerpt({1, 1, 16}).caret, 11u);
  EXPECT_EQ(sources.excerpt({1, 1, 9}).caret, 6u);
}

TEST(Sources, HidesEveryLineOfARange) {
  Sources sources;
  sources.add("a.yaml", "pin: |\n  one\n  two\nb: x");
  sources.hide({1, 1, 6}, 4, 1);

  EXPECT_EQ(sources.excerpt({1, 1, 1}).line, "pin: ***");
  EXPECT_EQ(sources.excerpt({1, 2, 3}).line, "  ***");
  EXPECT_EQ(sources.excerpt({1, 3, 3}).line, "  ***");
  EXPECT_EQ(sources.excerpt({1, 4, 1}).line, "b: x");
}

TEST(Sources, HidesOnlyInTheFileThatWasNamed) {
  Sources sources;
  sources.add("a.yaml", "pin: 1");
  sources.add("b.yaml", "pin: 1");
  sources.hide({1, 1, 6}, 1, 7);

  EXPECT_EQ(sources.excerpt({2, 1, 6}).line, "pin: 1");
}

TEST(Sources, HidesWhatStandsUnderAKeyThatSoundsSecret) {
  EXPECT_EQ(excerpt("password: hunter2", {1, 1, 1}).line, "password: ***");
  EXPECT_EQ(excerpt("a: {client_secret: x, b: y}", {1, 1, 1}).line, "a: {client_secret: ***, b: y}");
  EXPECT_EQ(excerpt("a: {\"api_keys\": [x, y], b: z}", {1, 1, 1}).line, "a: {\"api_keys\": ***, b: z}");
  EXPECT_EQ(excerpt("password: ${env:X}", {1, 1, 1}).line, "password: ${env:X}");
  EXPECT_EQ(excerpt("password: \"${file:/run/x}\"", {1, 1, 1}).line, "password: \"${file:/run/x}\"");
  EXPECT_EQ(excerpt("password: \"ab${env:X}\"", {1, 1, 1}).line, "password: ***");
  EXPECT_EQ(excerpt("password: ${env:X}ab${env:Y}", {1, 1, 1}).line, "password: ***");
  EXPECT_EQ(excerpt("token: \"a, \\\" b\" # c", {1, 1, 1}).line, "token: *** # c");
  EXPECT_EQ(excerpt("password: 'open", {1, 1, 1}).line, "password: ***");
  EXPECT_EQ(excerpt("private_key: |\n  ABC\n\n  DEF\nb: 1", {1, 4, 3}).line, "  ***");
  EXPECT_EQ(excerpt("private_key: |\n  ABC\n\n  DEF\nb: 1", {1, 5, 3}).line, "b: 1");
  EXPECT_EQ(excerpt("api_keys:\n- abc\n- def\n", {1, 3, 3}).line, "***");
  EXPECT_EQ(excerpt("a:\n  passwords:\n    x:\n      y: abc\n", {1, 4, 3}).line, "      ***");
}

TEST(Sources, HidesWhatStandsUnderAKeyThatItWasTold) {
  Sources sources;
  sources.hide_key("pin");
  sources.add("a.yaml", "pin: \"12\npins: 3");

  EXPECT_EQ(sources.excerpt({1, 1, 6}).line, "pin: ***");
  EXPECT_EQ(sources.excerpt({1, 2, 1}).line, "pins: 3");
}

TEST(Sources, KnowsWhichKeysSoundSecret) {
  for (auto key :
       {"password", "db_password", "client_secret", "api_key", "API_KEYS", "token", "private_key", "apikey"})
    EXPECT_TRUE(sounds_secret(key)) << key;
  for (auto key : {"path", "key", "cert", "token_endpoint", "name", ""})
    EXPECT_FALSE(sounds_secret(key)) << key;
}

TEST(Sources, KnowsWhichNamesCarryCredentials) {
  for (auto name : {"Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-Api-Key", "key",
                    "X-Token-Of", "X-Hub-Signature-256", "client_secret", "X-Credentials", "passwd"})
    EXPECT_TRUE(carries_credentials(name)) << name;
  for (auto name : {"Host", "X-Tenant", "Cookie-Policy", "format", ""})
    EXPECT_FALSE(carries_credentials(name)) << name;
}

TEST(Sources, HidesUserAndPasswordInUrls) {
  auto shown = excerpt("url: redis://u\xC3\xA4:geheim@cache:6379 # b\n", {1, 1, 6});

  EXPECT_EQ(shown.line, "url: redis://***@cache:6379 # b");
  EXPECT_EQ(Sources().masked("got \"redis://me:geheim@cache\": no"), "got \"redis://***@cache\": no");
}

TEST(Sources, KnowsUserAndPasswordHoweverBadlyTheyAreWritten) {
  EXPECT_EQ(without_userinfo("redis://:ge/heim@cache"), "redis://***@cache");
  EXPECT_EQ(without_userinfo("redis://me:ge@heim@cache/1"), "redis://***@cache/1");
  EXPECT_EQ(without_userinfo("http://a:b@c, https://d:e@f"), "http://***@c, https://***@f");
  for (const char* harmless : {"https://a.example/?mail=b@c.de", "https://a.example:8443/@me",
                               "redis://cache:6379", "https://[2001:db8::1]/", "a@b", "://", ""})
    EXPECT_EQ(without_userinfo(harmless), harmless);
}

TEST(Sources, MasksHiddenTextsInMessages) {
  Sources sources;
  sources.hide_text("correct horse");
  sources.hide_text("abc");  // too short: every word would suffer

  EXPECT_EQ(sources.masked("got correct horse, correct horse and abc"), "got ***, *** and abc");
}

TEST(Sources, MasksHiddenTextsAsUrisHoldThem) {
  Sources sources;
  sources.hide_text("aB3-._~+/==");

  EXPECT_EQ(sources.masked("/a?k=aB3-._~%2B%2F%3D%3D&l=aB3-._~+/=="), "/a?k=***&l=***");
}

TEST(Sources, HidesCredentialsInUris) {
  EXPECT_EQ(without_credentials("https://h/a?token=1&b=2&api_key=3"),
            "https://h/a?token=***&b=2&api_key=***");
  EXPECT_EQ(without_credentials("/a?token&token=&&x=token=1"), "/a?token&token=***&&x=token=1");
  for (auto harmless : {"", "?", "/token=1", "/a?", "/a?b=1&", "/a?b"})
    EXPECT_EQ(without_credentials(harmless), harmless);
}

}  // namespace
}  // namespace sluice::config::sources_test
