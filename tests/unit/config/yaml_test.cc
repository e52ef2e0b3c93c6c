// SPDX-License-Identifier: Apache-2.0
// What YAML allows and a configuration does not, and where each thing stands.
#include "gateway/config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_environment.h"
#include "tests/unit/config/sample.h"

namespace sluice::config::yaml_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Yaml : public testing::Test {
 protected:
  // "line:column message (hint)" of everything that is wrong.
  std::vector<std::string> wrong(const std::string& text) {
    diagnostics_ = Diagnostics();
    document_.emplace(parse(text, diagnostics_, "a.yaml", environment_));
    std::vector<std::string> out;
    for (const Diagnostic& d : diagnostics_.sorted())
      out.push_back(std::to_string(d.place.line) + ':' + std::to_string(d.place.column) + ' ' + d.message);
    return out;
  }
  const Node& node(std::string_view path) {
    const Node* found = document_->find(path);
    EXPECT_NE(found, nullptr) << path;
    static const Node none;
    return found ? *found : none;
  }
  test::FakeEnvironment environment_;
  Diagnostics diagnostics_;
  std::optional<Document> document_;
};

TEST_F(Yaml, KeepsTheTextOfScalarsAsWritten) {
  EXPECT_THAT(wrong("a: 010\nb: no\nc: 1.10\nd: 0x1F\ne: on\nf: 12:30:45\ng: 2001-01-01\nh: 1_000\n"),
              IsEmpty());

  EXPECT_EQ(node("a").text(), "010");
  EXPECT_EQ(node("b").text(), "no");
  EXPECT_EQ(node("c").text(), "1.10");
  EXPECT_EQ(node("d").text(), "0x1F");
  EXPECT_EQ(node("e").text(), "on");
  EXPECT_EQ(node("f").text(), "12:30:45");
  EXPECT_EQ(node("g").text(), "2001-01-01");
  EXPECT_EQ(node("h").text(), "1_000");
}

TEST_F(Yaml, TellsQuotedFromPlain) {
  EXPECT_THAT(wrong("a: x\nb: 'x'\nc: \"x\"\nd: |\n  x\ne: >-\n  x\n"), IsEmpty());

  EXPECT_FALSE(node("a").quoted);
  for (auto path : {"b", "c", "d", "e"}) EXPECT_TRUE(node(path).quoted) << path;
  EXPECT_EQ(node("d").text(), "x\n");
  EXPECT_EQ(node("e").text(), "x");
}

TEST_F(Yaml, HasTheNullsOfTheCoreSchema) {
  EXPECT_THAT(wrong("a:\nb: ~\nc: null\nd: Null\ne: NULL\nf: ''\ng: 'null'\nh: nil\ni: nUll\n"), IsEmpty());

  for (auto path : {"a", "b", "c", "d", "e"}) EXPECT_EQ(node(path).kind, Kind::null) << path;
  for (auto path : {"f", "g", "h", "i"}) EXPECT_EQ(node(path).kind, Kind::scalar) << path;
}

TEST_F(Yaml, KnowsWhereThingsBeginAndEnd) {
  EXPECT_THAT(
      wrong("top:\n  key:  value # c\n  \xC3\xA4\xC3\xB6: \"q\"\n  list: [a, {b: c}]\n  block:\n  - x\n"),
      IsEmpty());

  EXPECT_EQ(node("top.key").place, (Place{1, 2, 9}));
  EXPECT_EQ(node("top.key").end_column, 14u);
  EXPECT_EQ(node("top.\xC3\xA4\xC3\xB6").place, (Place{1, 3, 7}));
  EXPECT_EQ(node("top.\xC3\xA4\xC3\xB6").end_column, 10u);
  EXPECT_EQ(node("top").entries()[1].key_place, (Place{1, 3, 3}));
  EXPECT_EQ(node("top.list").place, (Place{1, 4, 9}));
  EXPECT_EQ(node("top.list[1].b").place, (Place{1, 4, 17}));
  EXPECT_EQ(node("top.block[0]").place, (Place{1, 6, 5}));
}

TEST_F(Yaml, KeepsTheOrderOfKeys) {
  EXPECT_THAT(wrong("z: 1\na: 2\nm: 3\n"), IsEmpty());

  std::string order;
  for (const Entry& entry : document_->root()->entries()) order += entry.key;
  EXPECT_EQ(order, "zam");
}

TEST_F(Yaml, TakesJsonToo) {
  EXPECT_THAT(wrong(R"({"a": [1, "x\/y\u00e4", null, true], "b": {"c": {}}})"), IsEmpty());

  EXPECT_EQ(node("a[1]").text(), "x/y\xC3\xA4");
  EXPECT_EQ(node("a[2]").kind, Kind::null);
}

TEST_F(Yaml, TakesUrlsAndAddressesInFlowWithoutQuotes) {
  EXPECT_THAT(wrong("a: [http://x:80/y?a=b, 10.0.0.1:80, {url: https://z/**}]\n"), IsEmpty());

  EXPECT_EQ(node("a[0]").text(), "http://x:80/y?a=b");
  EXPECT_EQ(node("a[2].url").text(), "https://z/**");
}

TEST_F(Yaml, RefusesDuplicateKeys) {
  EXPECT_THAT(wrong("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
              ElementsAre("2:11 `c` is written twice", "3:1 `a` is written twice"));

  EXPECT_EQ(diagnostics_.sorted()[1].hint, "first at a.yaml:1:1");
  EXPECT_EQ(node("a").text(), "1");
}

TEST_F(Yaml, FindsDuplicatesInLargeMappings) {
  std::string yaml;
  for (int i = 0; i < 300; ++i) yaml += "k" + std::to_string(i) + ": 1\n";

  EXPECT_THAT(wrong(yaml + "k7: 2\n"), ElementsAre("301:1 `k7` is written twice"));
  EXPECT_EQ(document_->root()->entries().size(), 300u);
}

TEST_F(Yaml, RefusesMergeKeys) {
  EXPECT_THAT(wrong("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2\n\"<<\": fine\n"),
              ElementsAre("3:3 merge keys (`<<`) are not supported"));
  EXPECT_EQ(document_->find("b.<<"), nullptr);
  EXPECT_EQ(node("b.y").text(), "2");
}

TEST_F(Yaml, RefusesTagsWithoutQuotingThem) {
  EXPECT_THAT(wrong("a: !hunter2 b\nb: !!str 5\nc: !x [1]\nd: !y {a: b}\n"),
              ElementsAre("1:4 tags (`!`) are not supported", "2:4 tags (`!`) are not supported",
                          "3:4 tags (`!`) are not supported", "4:4 tags (`!`) are not supported"));
  EXPECT_THAT(wrong("%TAG ! tag:x,2000:\n---\na: 1\n"), ElementsAre(HasSubstr("%TAG is not supported")));
}

TEST_F(Yaml, RefusesKeysThatAreNotTexts) {
  EXPECT_THAT(wrong("? [a, b]\n: 1\nc: 2\n"), ElementsAre("1:3 a key must be a text"));
  EXPECT_EQ(node("c").text(), "2");
  EXPECT_THAT(wrong("? {a: b}\n: 1\n"), ElementsAre("1:3 a key must be a text"));
  EXPECT_THAT(wrong("?\n: 1\n\"\": 2\nb: 2\n"), ElementsAre(HasSubstr("a key is missing before the `:`"),
                                                            "3:1 a key is missing before the `:`"));
  EXPECT_THAT(wrong("a: &x b\n*x : c\n"), ElementsAre("2:1 an alias (`*`) cannot be a key"));
  EXPECT_THAT(wrong("&x a: b\n"), ElementsAre("1:1 an anchor (`&`) belongs to a value, not to a key"));
  EXPECT_THAT(wrong("\"a\\0b\": c\n"), ElementsAre("1:1 a key must not hold the NUL character"));
  EXPECT_THAT(wrong("${env:X}: c\n"),
              ElementsAre("1:1 a key cannot come from ${env:}, ${file:} or ${vault:}"));
}

TEST_F(Yaml, TakesAWordOrNumberAsKeyForWhatItSays) {
  EXPECT_THAT(wrong("null: 1\ntrue: 2\n010: 3\n"), IsEmpty());

  EXPECT_EQ(node("null").text(), "1");
  EXPECT_EQ(node("true").text(), "2");
  EXPECT_EQ(node("010").text(), "3");
}

TEST_F(Yaml, RefusesTheNulCharacterInTexts) {
  EXPECT_THAT(wrong("a: \"x\\0\"\n"), ElementsAre("1:4 a text must not hold the NUL character"));
  EXPECT_EQ(node("a").kind, Kind::broken);
}

TEST_F(Yaml, RefusesASecondDocument) {
  EXPECT_THAT(wrong("a: 1\n---\nb: 2\n"), ElementsAre("2:1 a second document starts here"));
  EXPECT_THAT(wrong("---\na: 1\n...\n"), IsEmpty());
  EXPECT_THAT(wrong("%YAML 1.2\n---\na: 1\n"), IsEmpty());
  EXPECT_THAT(wrong("%YAML 2.0\n---\na: 1\n"), ElementsAre("1:1 only YAML 1.1 and 1.2 can be read"));
}

TEST_F(Yaml, RefusesAnEmptyFileAndOneThatIsNoMapping) {
  EXPECT_THAT(wrong(""), ElementsAre("0:0 the file holds no settings"));
  EXPECT_THAT(wrong("# comment\n"), ElementsAre("0:0 the file holds no settings"));
  EXPECT_THAT(wrong("---\n"), ElementsAre("0:0 the file holds no settings"));
  EXPECT_THAT(wrong("- a\n"), ElementsAre("1:1 expected a mapping at the top of the file, got a list"));
  EXPECT_THAT(wrong("text\n"), ElementsAre("1:1 expected a mapping at the top of the file, got a text"));
  EXPECT_FALSE(document_->complete());
  EXPECT_EQ(document_->root(), nullptr);
}

TEST_F(Yaml, SharesTheValueOfAnAlias) {
  EXPECT_THAT(wrong("a: &x {k: [1, 2]}\nb: *x\nc: [*x, &y text, *y]\n"), IsEmpty());

  EXPECT_EQ(node("b.k[1]").text(), "2");
  EXPECT_EQ(node("b").place, (Place{1, 2, 4}));
  EXPECT_EQ(node("b").defined, document_->find("a"));
  EXPECT_EQ(node("a").defined, nullptr);
  EXPECT_EQ(node("c[2]").text(), "text");
  EXPECT_EQ(document_->path_of(node("c[0]")), "c[0]");
}

TEST_F(Yaml, RefusesAliasesThatLeadNowhereOrInACircle) {
  EXPECT_THAT(wrong("a: *x\nb: &x 1\n"), ElementsAre("1:4 this alias (`*`) has no anchor (`&`) before it"));
  EXPECT_THAT(wrong("a: &x [1, *x]\n"),
              ElementsAre("1:11 this alias stands inside the value that it repeats"));
  EXPECT_THAT(wrong("a: &x {b: {c: *x}}\n"), ElementsAre(HasSubstr("stands inside the value")));
  EXPECT_THAT(wrong("a: &x 1\nb: &x 2\n"), ElementsAre("2:4 an anchor of this name was written before"));
}

TEST_F(Yaml, StopsABillionLaughs) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    std::string before = "*a" + std::to_string(i - 1);
    std::string name = "a" + std::to_string(i);
    yaml += name + ": &" + name + " [" + before;
    for (int k = 1; k < 10; ++k) yaml += ", " + before;
    yaml += "]\n";
  }

  EXPECT_THAT(wrong(yaml), ElementsAre(HasSubstr("more than 4000000 values, aliases followed")));
  EXPECT_EQ(document_->root(), nullptr);
}

TEST_F(Yaml, StopsAtTheDeepestLevel) {
  auto nested = [](std::size_t n) { return "a: " + std::string(n, '[') + std::string(n, ']') + "\n"; };

  EXPECT_THAT(wrong(nested(kDeepest - 1)), IsEmpty());
  EXPECT_THAT(wrong(nested(kDeepest)), ElementsAre(HasSubstr("nested more than 64 levels deep")));
  EXPECT_THAT(wrong(nested(200'000)), ElementsAre(HasSubstr("nested more than 64 levels deep")));
}

TEST_F(Yaml, CountsTheDepthOfAliasesToo) {
  std::string yaml = "a0: &a0 [x]\n";
  for (int i = 1; i < 80; ++i)
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";

  EXPECT_THAT(wrong(yaml), ElementsAre(HasSubstr("nested more than 64 levels deep, aliases followed")));
}

TEST_F(Yaml, RefusesAFileThatIsTooLarge) {
  EXPECT_THAT(wrong("a: " + std::string(kLargestFile, 'x')), ElementsAre("0:0 larger than 16 MiB"));
}

TEST_F(Yaml, IgnoresAByteOrderMark) {
  EXPECT_THAT(wrong("\xEF\xBB\xBF"
                    "a: x\n"),
              IsEmpty());
  EXPECT_EQ(node("a").place, (Place{1, 1, 4}));
}

TEST_F(Yaml, TakesEveryKindOfLineBreak) {
  EXPECT_THAT(wrong("a: x\r\nb: y\rc: z\n"), IsEmpty());
  EXPECT_EQ(node("b").place, (Place{1, 2, 4}));
  EXPECT_EQ(node("c").place, (Place{1, 3, 4}));
}

TEST_F(Yaml, ExplainsFrequentMistakes) {
  EXPECT_THAT(wrong("a: b: c\n"), ElementsAre("1:5 a `:` is not expected here"));
  EXPECT_THAT(wrong("a:\n\tb: 1\n"), ElementsAre("2:1 a tab in the indentation: YAML wants blanks"));
  EXPECT_THAT(wrong("a:\r\n  b: 1\r\n\tc: 1\r\n"),
              ElementsAre("3:1 a tab in the indentation: YAML wants blanks"));
  EXPECT_THAT(wrong("a: {x: ${env:Y}}\n"), ElementsAre("1:9 expected `,` or `}`"));
  EXPECT_THAT(diagnostics_.text(), HasSubstr("every ${...}"));
  EXPECT_THAT(wrong("a: \"x\nb: 1\n"), ElementsAre("1:4 the quoted text that begins here does not end"));
  EXPECT_THAT(wrong("a: \"x"), ElementsAre("1:4 the quoted text that begins here does not end"));
  EXPECT_THAT(wrong("a: {b: c\n"), ElementsAre("1:4 the mapping {...} that begins here does not end"));
  EXPECT_THAT(wrong("a: [b\n"), ElementsAre("1:4 the list [...] that begins here does not end"));
  EXPECT_THAT(
      wrong("a:\n  b: 1\n c: 2\n"),
      ElementsAre("3:2 expected a key or the end of the mapping (in the mapping that begins at line 1)"));
  EXPECT_THAT(wrong("a:\n  - b\n  c: 1\n"),
              ElementsAre("3:3 expected `-` or the end of the list (in the list that begins at line 2)"));
  EXPECT_THAT(wrong("a: [\n\n"), ElementsAre("1:5 a value is missing here"));
  EXPECT_THAT(wrong("b: 1\r\na: {\xC3\xA4: 1,"), ElementsAre("2:10 a value is missing here"));
  EXPECT_THAT(wrong("a: @x\n"), ElementsAre("1:4 a plain text cannot start with this character"));
  EXPECT_THAT(wrong("a: \"\\q\"\n"), ElementsAre("1:5 unknown escape in a double-quoted text"));
  EXPECT_THAT(wrong("a: 1\nb\nc: 1\n"), ElementsAre(HasSubstr("expected `:` after the key")));
  EXPECT_FALSE(document_->complete());
}

TEST_F(Yaml, HidesSecretsOfAFileThatCannotBeParsed) {
  hide_secrets<sample::Root>(diagnostics_);
  parse("upstreams:\n  a: {pin: \"12345, password: abc\n", diagnostics_, "a.yaml", environment_);

  EXPECT_EQ(diagnostics_.text(),
            "a.yaml:2:12: error: the quoted text that begins here does not end\n"
            "    a: {pin: ***\n"
            "             ^\n"
            "  close the quotes\n");
}

}  // namespace
}  // namespace sluice::config::yaml_test
