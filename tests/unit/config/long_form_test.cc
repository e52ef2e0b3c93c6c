// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/write.h"

#include "tests/unit/config/sample.h"

namespace sluice::config::long_form_test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kShort =
    "version: 1\n"
    "upstreams:\n"
    "  a: {targets: \"10.0.0.1:80\", health: /h, password: geheim, pin: 12}\n"
    "  \"b c\": {targets: [x:1]}\n"
    "routes:\n"
    "  - {name: r, use: [p, {jwt: {issuer: \"a: b\"}}], methods: GET, to: a, retry: safe}\n"
    "  - {name: s, json: {k: [1, no, ~]}, timeouts: {total: 90s}}\n"
    "policies: {p: {rate_limit: {limit: 60/min}}}\n";

sample::Root bound(const std::string& yaml, Diagnostics& diagnostics, std::optional<Document>& document) {
  document.emplace(parse(yaml, diagnostics));
  return bind<sample::Root>(*document, diagnostics);
}

TEST(LongForm, ExpandsShorthandsAndShowsDefaults) {
  Diagnostics diagnostics;
  std::optional<Document> document;
  auto root = bound(std::string(kShort), diagnostics, document);
  ASSERT_EQ(diagnostics.text(), "");

  EXPECT_EQ(long_form(root, &*document),
            "version: 1\n"
            "debug: false\n"
            "buffer: 64KiB\n"
            "upstreams:\n"
            "  a:\n"
            "    targets:\n"
            "      - \"10.0.0.1:80\"\n"
            "    balance: round_robin\n"
            "    health:\n"
            "      path: /h\n"
            "      interval: 5s\n"
            "    timeouts:\n"
            "      connect: 2s\n"
            "    password: \"***\"\n"
            "    pin: \"***\"\n"
            "  b c:\n"
            "    targets:\n"
            "      - x:1\n"
            "    balance: round_robin\n"
            "    timeouts:\n"
            "      connect: 2s\n"
            "policies:\n"
            "  p:\n"
            "    rate_limit:\n"
            "      limit: 60/min\n"
            "      burst: 10%\n"
            "routes:\n"
            "  - name: r\n"
            "    methods:\n"
            "      - GET\n"
            "    use:\n"
            "      - policy: p\n"
            "      - jwt:\n"
            "          issuer: \"a: b\"\n"
            "          strict: true\n"
            "    to: a\n"
            "    retry:\n"
            "      attempts: 2\n"
            "  - name: s\n"
            "    json: {\"k\":[1,\"no\",null]}\n"
            "    retry:\n"
            "      attempts: 1\n"
            "    timeouts:\n"
            "      connect: 2s\n"
            "      total: 90s\n"
            "defaults:\n"
            "  connect: 2s\n");
}

TEST(LongForm, CanLeaveDefaultsOut) {
  Diagnostics diagnostics;
  std::optional<Document> document;
  auto root = bound(
      "version: 1\nupstreams: {a: {targets: x:1, health: /h}}\nroutes: [{name: r, to: a, retry: safe}]\n",
      diagnostics, document);

  EXPECT_EQ(long_form(root, &*document, {.with_defaults = false}),
            "version: 1\n"
            "upstreams:\n"
            "  a:\n"
            "    targets:\n"
            "      - x:1\n"
            "    health:\n"
            "      path: /h\n"
            "routes:\n"
            "  - name: r\n"
            "    to: a\n"
            "    retry:\n"
            "      attempts: 2\n");
}

TEST(LongForm, ReadsBackAsTheSameConfiguration) {
  std::string yaml(kShort);
  yaml.replace(yaml.find(", password: geheim, pin: 12"), 27, "");  // secrets do not survive
  Diagnostics diagnostics;
  std::optional<Document> first, second, third;
  auto root = bound(yaml, diagnostics, first);

  for (bool with_defaults : {true, false}) {
    std::string written = long_form(root, &*first, {with_defaults});
    EXPECT_EQ(bound(written, diagnostics, second), root) << written;
    EXPECT_EQ(diagnostics.text(), "");
  }
  EXPECT_EQ(bound(long_form(root), diagnostics, third), root);
}

TEST(LongForm, NeverShowsASecret) {
  Diagnostics diagnostics;
  std::optional<Document> document;
  auto root = bound(std::string(kShort), diagnostics, document);

  EXPECT_THAT(long_form(root, &*document), Not(HasSubstr("geheim")));
  EXPECT_THAT(long_form(root), Not(HasSubstr("geheim")));
  EXPECT_THAT(long_form(root), HasSubstr("password: \"***\""));
}

struct Keys {
  std::vector<std::string> keys;
  std::vector<Secret> others;
};
void describe(Description<Keys>& d) {
  d.about("keys", "Keys.");
  d.field("keys", &Keys::keys, "x", each(secret)).field("others", &Keys::others, "x");
}

TEST(LongForm, HidesSecretsInLists) {
  EXPECT_EQ(long_form(Keys{{"geheim"}, {{"auch"}}}), "keys:\n  - \"***\"\nothers:\n  - \"***\"\n");
}

struct Lines {
  ByName<std::string> set;
  ByName<int> shares;
  ByName<Keys> owners;
};
void describe(Description<Lines>& d) {
  d.about("lines", "Lines.");
  d.field("set", &Lines::set, "x").field("shares", &Lines::shares, "x").field("owners", &Lines::owners, "x");
}

TEST(LongForm, HidesTextsWhoseNamesCarryCredentials) {
  Diagnostics diagnostics;
  auto document = parse(
      "set: {Authorization: Bearer abc, set-cookie: a=b, X-Api-Key: abc, x-token-of: abc, X-Client-Secret: "
      "abc,\n"
      "      X-Tier: gold}\n"
      "shares: {token-service: 7}\nowners: {token-service: {keys: [abc]}}\n",
      diagnostics);
  auto lines = bind<Lines>(document, diagnostics);
  ASSERT_EQ(diagnostics.text(), "");

  for (const auto& text : {long_form(lines), long_form(lines, &document), json_form(lines, &document).text}) {
    EXPECT_THAT(text, Not(HasSubstr("abc")));
    EXPECT_THAT(text, Not(HasSubstr("a=b")));
    EXPECT_THAT(text, HasSubstr("gold"));
    EXPECT_THAT(text, HasSubstr("7"));
  }
  for (const Leaf& leaf : leaves(lines, document))
    EXPECT_EQ(leaf.value.starts_with("***"), leaf.path != "set.X-Tier" && leaf.path != "shares.token-service")
        << leaf.path;
}

struct Wanted {
  std::vector<std::string> exact;
};
void describe(Description<Wanted>& d) {
  d.about("wanted", "What a text is to be like.").about_a_text();
  d.field("exact", &Wanted::exact, "x", one_or_many).shorthand(&Wanted::exact);
}
struct Conditions {
  ByName<Wanted> header;
};
void describe(Description<Conditions>& d) {
  d.about("conditions", "Conditions.").field("header", &Conditions::header, "x");
}

TEST(LongForm, HidesWhatTextsOfSuchNamesAreToBeLike) {
  Diagnostics diagnostics;
  auto document = parse("header: {X-Token: abc, Cookie: {exact: [abc]}, X-Tier: gold}\n", diagnostics);
  auto conditions = bind<Conditions>(document, diagnostics);
  ASSERT_EQ(diagnostics.text(), "");

  for (const auto& text :
       {long_form(conditions), long_form(conditions, &document), json_form(conditions, &document).text}) {
    EXPECT_THAT(text, Not(HasSubstr("abc")));
    EXPECT_THAT(text, HasSubstr("gold"));
  }
  for (const Leaf& leaf : leaves(conditions, document))
    EXPECT_EQ(leaf.value.starts_with("***"), leaf.path != "header.X-Tier.exact[0]") << leaf.path;
}

struct Texts {
  std::vector<std::string> list;
  std::vector<std::vector<int>> nested;
};
void describe(Description<Texts>& d) {
  d.about("texts", "Texts.");
  d.field("list", &Texts::list, "x").field("nested", &Texts::nested, "x");
}

TEST(LongForm, QuotesWhatAnyYamlReaderCouldMisunderstand) {
  for (auto text : {"no", "Yes",  "null", "~",   "123",  "1.5",      "0x1F",       "1e3", "",    " a",
                    "a ", "a: b", "a #b", "- a", "*a",   "&a",       "!a",         "{a}", "[a]", "a,b",
                    "'a", "\"a",  "@a",   "%a",  "a\nb", "12:30:45", "2001-01-01", ".5",  "a:",  "\t"}) {
    Texts texts{{text}, {}};
    std::string written = long_form(texts);
    EXPECT_THAT(written, HasSubstr("- \"")) << text;
    Diagnostics diagnostics;
    Document document = parse(written, diagnostics);
    EXPECT_EQ(bind<Texts>(document, diagnostics).list, texts.list) << written;
    EXPECT_EQ(diagnostics.text(), "");
  }
  for (auto text : {"a", "a b", "/x/**", "https://a/b?c=d", "a-b_c.d", "64KiB", "25%", "100/min", "x:1"})
    EXPECT_EQ(long_form(Texts{{text}, {}}), "list:\n  - " + std::string(text) + "\n");
}

TEST(LongForm, WritesListsOfLists) {
  Texts texts{{}, {{1, 2}, {}, {3}}};

  std::string written = long_form(texts);

  EXPECT_EQ(written, "nested:\n  -\n    - 1\n    - 2\n  - []\n  -\n    - 3\n");
  Diagnostics diagnostics;
  Document document = parse(written, diagnostics);
  EXPECT_EQ(bind<Texts>(document, diagnostics).nested, texts.nested);
  EXPECT_EQ(diagnostics.text(), "");
}

}  // namespace
}  // namespace sluice::config::long_form_test
