// SPDX-License-Identifier: Apache-2.0
// The one pass of gateway/json/checker.cc, with seams and guesses, against the plain way of plain.h: faults,
// what is found, what becomes of it.
#include "gateway/json/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/json/shape.h"

#include "tests/unit/json/padded.h"
#include "tests/unit/json/plain.h"

namespace sluice::json::checker_test {
namespace {

std::string text_of(const std::optional<Fault>& fault) {
  return fault ? std::to_string(fault->offset) + ": " + fault->message : "";
}

std::string plain_and_checked(std::string_view text) {
  Padded padded(text);
  std::string checked = text_of(check(padded));
  EXPECT_EQ(checked, PlainCheck::of(text)) << text;
  return checked;
}

TEST(JsonChecker, TakesASeamForWhatItIsOnlyAsFarAsItGoes) {
  for (std::string_view text :
       {R"([{"a":1,"b":2},{"a":1,"b":2}])", R"([{"a":1,"b":2},{"a":1,"b": 2}])",
        R"([{"a":1,"b":2},{"a":1 ,"b":2}])", R"([{"a":1,"b":2},{"a":1,"b":,2}])",
        R"([{"a":1,"b":2},{"a":1,"b":}])", R"([{"a":1,"b":2},{"a":1,"b"}])", R"([{"a":1,"b":2},{"a":1,"b":)",
        R"([{"a":1,"b":2},{"a":1,"b)", R"([{"a":1,"b":2},{,"b":2}])", R"([{"a":1,"b":2},{"b":2}])",
        R"([{"a":1,"b":2},{"a":1,"a":1}])", R"([{"a":1,"b":2},{"a":1,"a":1,"b":2}])",
        R"([{"a":1,"b":2},{"a":[{"a":1,"b":2}],"b":2,}])", R"([{"a":{"b":1}},{"b":1,"a":{"a":1}}])",
        R"([{"a":1},["a":1]])"})
    plain_and_checked(text);
}

TEST(JsonChecker, GuessesNoLengthThatIsNotThere) {
  for (std::string_view value :
       {"1", "12", "123", "\"\"", "\"1\"", "\"12\"", "true", "[]", "\"\\u0031\"", "-"}) {
    std::string text = R"([{"a":12},{"a":)";
    plain_and_checked(text.append(value).append("},{\"a\":12}]"));
  }
  std::string both = "[\"" + std::string(300, 'x') + "\",\"" + std::string(44, 'x') + "\",\"" +
                     std::string(300, 'x') + "\",7]";
  EXPECT_EQ(plain_and_checked(both), "");
}

TEST(JsonChecker, ReadsNumbersAsFarAsTheyGo) {
  for (std::string_view number : {"0",
                                  "7",
                                  "-7",
                                  "42",
                                  "01",
                                  "-",
                                  "-0",
                                  "9.",
                                  "9.5",
                                  "10.25e+2",
                                  "9e",
                                  "9e+",
                                  "1E5",
                                  "0.5",
                                  "1x",
                                  "1.x",
                                  "999999999999999",
                                  "9999999999999999",
                                  "99999999999999999",
                                  "9999999999999999.5",
                                  "1 2"}) {
    for (char behind : {'\0', '7', '.', 'e', '-'})
      EXPECT_EQ(text_of(check(Padded(number, behind))), PlainCheck::of(number)) << number << behind;
    plain_and_checked("[" + std::string(number) + "]");
    plain_and_checked("{\"a\":" + std::string(number) + ",\"b\":1}");
  }
}

TEST(JsonChecker, ReadsNothingBehindThePaddingOfATextThatEndsInAString) {
  std::unique_ptr<char[]> bytes(new char[3 + kPadding]);
  std::string_view("\"\xC3\xA4").copy(bytes.get(), 3);
  for (std::size_t i = 3; i < 3 + kPadding; ++i) bytes[i] = i % 2 ? '\xC3' : '\xA4';
  EXPECT_EQ(text_of(check({bytes.get(), 3})), "3: the text ends too early");
}

// What stands behind the end is what would go on there.
TEST(JsonChecker, TakesNothingFromBehindTheEnd) {
  std::string alike = "[";
  for (int i = 0; i < 3; ++i)
    alike += std::string(i ? "," : "") +
             R"({"id":7,"name":"Ann","tags":["a",12],"a name of more than 16":true,)" +
             R"("one that is longer than two times sixteen bytes":{"x":-1.5e3,"y":[]},"n":null})";
  Padded padded(alike + "]");
  std::vector<PathStep> way;
  Shape shape;
  EXPECT_EQ(shape.rename(std::get<Path>(Path::parse("[].tags")), "words"), "");
  EXPECT_EQ(shape.rename(std::get<Path>(Path::parse("[][\"a name of more than 16\"]")), "b"), "");
  for (std::size_t n = 0; n < padded.text().size(); ++n) {
    std::string_view cut = padded.text().substr(0, n), found;
    std::string expected = PlainCheck::of(cut);
    EXPECT_EQ(text_of(check(cut)), expected) << cut;
    Output out;
    EXPECT_EQ(text_of(shape.check_and_apply(cut, way, found, out)), expected) << cut;
    EXPECT_EQ(out.text(), "");
  }
}

TEST(JsonChecker, ForgetsWhatItCannotKeepAndSeesEverythingStill) {
  std::string deep, wide, long_names = "[", changing = "[";
  for (int i = 0; i < 40; ++i) deep += R"({"a":1,"b":)";
  deep += "7" + std::string(40, '}');
  for (int n = 0; n < 3; ++n) {
    wide += n ? ",{" : "[{";
    for (int i = 0; i < 400; ++i)
      wide += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":" + std::to_string(i);
    wide += "}";
    long_names += (n ? ",{\"" : "{\"") + std::string(1000, 'n') + "\":1,\"" + std::string(60, 'm') + "\":2}";
  }
  for (int i = 0; i < 300; ++i)
    changing +=
        (i ? ",{\"k" : "{\"k") + std::to_string(i) + R"(":1,"x":[{"y)" + std::to_string(i % 7) + R"(":{}}]})";
  for (const std::string& text : {deep, wide + "]", long_names + "]", changing + "]"}) {
    EXPECT_EQ(plain_and_checked(text), "");
    std::string wrong = text;
    wrong[text.size() - 3] = ';';
    EXPECT_NE(plain_and_checked(wrong), "");
  }
}

// Lists of objects that are alike, and some that are not; below members that a way leads along.
class RandomList {
 public:
  explicit RandomList(unsigned seed) : json_(seed) {}
  std::size_t below(std::size_t n) { return json_.below(n); }
  bool once_in(std::size_t n) { return below(n) == 0; }

  std::string text(std::string_view way) {
    if (way.empty()) return once_in(2) ? json_.value() : list();
    std::string again = once_in(3) ? ",\"items\":" + json_.value(4) : "";
    std::string twice = once_in(4) ? ",\"data\":{\"items\":" + list() + "}" : "";
    return R"({"page":1,"data":{"items":)" + list() + again + "}" + twice + R"(,"more":false})";
  }
  std::string changed(std::string text) {
    constexpr std::string_view kBytes("{}[],:\"\\0 -.eEtfn\x80\xC3\x01", 20);
    for (std::size_t n = 1 + below(2); n > 0 && !text.empty(); --n) {
      std::size_t at = below(text.size());
      char c = kBytes[below(kBytes.size())];
      if (once_in(3)) {
        text.erase(at, 1 + below(3));
      } else if (once_in(2)) {
        text.insert(at, 1, c);
      } else {
        text[at] = c;
      }
    }
    return text;
  }

 private:
  std::string list() {
    static const std::string kSpaces[] = {"", "", " ", "\n    ", "\n" + std::string(80, ' ')};
    static const std::string kNames[] = {"a",  "b", "key", "c\\n", "\xC3\xA4", std::string(40, 'n'),
                                         "id", "x"};
    const std::string& space = kSpaces[below(5)];
    std::string colon = once_in(2) ? ":" : ": ";
    std::vector<std::string> names;
    for (std::size_t n = 1 + below(once_in(8) ? 30 : 6); n > 0; --n) names.push_back(kNames[below(8)]);
    std::string out = "[";
    for (std::size_t n = below(10); n > 0; --n) {
      out += space + (once_in(12) ? json_.value(4) : object(names, space, colon)) + (n > 1 ? "," : "");
    }
    return out + space + "]";
  }
  std::string object(const std::vector<std::string>& names, const std::string& space,
                     const std::string& colon) {
    std::string out;
    for (const std::string& name : names) {
      if (once_in(8)) continue;
      if (once_in(20)) out += (out.empty() ? "\"new\":" : ",\"new\":") + json_.value(4);
      out += (out.empty() ? "" : ",") + space + "\"" + (once_in(30) ? "\\u0061" : name) + "\"" + colon;
      out += (once_in(20) ? " " : "") + (once_in(2) ? json_.value(4) : std::to_string(below(3000)));
      out += once_in(30) ? " " : "";
    }
    return "{" + out + space + "}";
  }

  RandomJson json_;
};

// A shape that is made twice.
struct Shapes {
  Shapes() = default;
  explicit Shapes(RandomList& random) {
    constexpr std::string_view kPaths[] = {"a",        "b",      "key",      "a.b",   "[].a",
                                           "[].b",     "[].key", "[].id",    "a[].b", "[].x",
                                           "[].a.key", "[][].a", "[].b[].a", "x.a.b", "[].new"};
    auto path = [&] { return std::get<Path>(Path::parse(kPaths[random.below(std::size(kPaths))])); };
    auto add = [&](auto&& to_both, std::size_t most) {
      for (std::size_t n = random.below(most); n > 0; --n) {
        Path p = path();
        to_both(p);
      }
    };
    add([&](const Path& p) { made.only(p), plain.only(p); }, 4);
    add([&](const Path& p) { made.drop(p), plain.drop(p); }, 3);
    for (std::string_view name : {std::string_view("new \"name"), std::string_view(kLong)})
      add(
          [&](const Path& p) {
            if (made.rename(p, name).empty()) plain.rename(p, name);
          },
          2);
  }
  inline static const std::string kLong = std::string(90, 'n');
  Shape made;
  PlainShape plain;
};

// True if the text is JSON.
bool compare(std::string_view text, std::string_view way, const Shapes& shapes) {
  Padded padded(text);
  auto steps = way.empty() ? std::vector<PathStep>() : std::get<Path>(Path::parse(way)).steps();
  std::string expected = PlainCheck::of(text), made, again;
  std::string_view found, shaped_from;
  auto fault = check(padded, steps, found);
  Output out, apart;
  out << "before";
  auto shaping = shapes.made.check_and_apply(padded, steps, shaped_from, out);
  std::optional<std::string_view> wanted;
  if (!fault) wanted = find(trimmed(padded), steps);
  if (wanted) made = shapes.plain.of(*wanted);
  if (wanted) shapes.made.apply(*wanted, apart);

  EXPECT_EQ(text_of(check(padded)), expected) << text;
  EXPECT_EQ(text_of(fault), expected) << text;
  EXPECT_EQ(text_of(shaping), expected) << text;
  EXPECT_EQ(found, wanted.value_or(std::string_view())) << text;
  EXPECT_EQ(found.data() != nullptr, wanted.has_value()) << text;
  EXPECT_EQ(shaped_from, found) << text;
  EXPECT_EQ(out.text(), "before" + made) << text;
  EXPECT_EQ(apart.text(), made) << text;
  return !fault;
}

TEST(JsonChecker, SeesWhatItPassesOver) {
  Shapes renaming, dropping, keeping;
  Path b = std::get<Path>(Path::parse("[].b"));
  renaming.made.rename(b, "new"), renaming.plain.rename(b, "new");
  dropping.made.drop(b), dropping.plain.drop(b);
  keeping.made.only(b), keeping.plain.only(b);
  for (std::string_view second :
       {R"({"a":1,"b":2,"c":[{"b":3}],"d":true})", R"({"a": 1 , "b": 2 , "c": [ ] , "d": null })",
        R"({ "a":1,"b":2,"c":{},"d":"" })", R"({"b":2,"d":4,"c":3,"a":1})", R"({"b":2})", R"({"a":1,"d":4})",
        R"({"a":1,"a":2,"b":3,"b":4})", R"({"a":1,"new":0,"b":2,"c":3})", R"({"a":1,"c":3,"d":4,"b":2})",
        R"({"a":1,"b":2,"c":[{"b":3}],"d":})", R"({"a":1,"b":2,"c":[{"b":}],"d":1})", R"({"a":01,"b":2})",
        R"({"a":1,"b":2,"c":"\x","d":1})", R"({"a":1,"b":2,"c":3,"d":4,})", R"({"a":1,"b":2,"c":3 "d":4})",
        R"({,"b":2,"c":3})", R"({"a":1,"b":2,"c":3)", R"({"a":1,"b":2,"c":3])", R"({"a":1,"b":2,"c":3,"d")"})
    for (const Shapes* shapes : {&renaming, &dropping, &keeping})
      compare(R"([{"a":1,"b":2,"c":3,"d":4},)" + std::string(second) + "]", "", *shapes);
}

TEST(JsonChecker, SaysTheSameAsThePlainWayOfWholeTextsOfTheirPartsAndOfWhatIsChangedInThem) {
  RandomList random(11);
  std::size_t good = 0, bad = 0;
  for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) {
    Shapes shapes(random);
    std::string_view way = random.once_in(2) ? "data.items" : "";
    std::string text = random.text(way);
    ASSERT_TRUE(compare(text, way, shapes));
    if (text.size() < 700)
      for (std::size_t n = 0; n < text.size(); ++n) ++(compare(text.substr(0, n), way, shapes) ? good : bad);
    for (int n = 0; n < 20; ++n) ++(compare(random.changed(text), way, shapes) ? good : bad);
  }
  EXPECT_GT(good, 500U);
  EXPECT_GT(bad, 5000U);
}

TEST(JsonChecker, TakesTimeInProportionToTheText) {
  std::string list = "[";
  for (int i = 0; i < 100'000; ++i)
    list += (i ? R"(,{"id":)" : R"({"id":)") + std::to_string(i) + R"(,"name":"x"})";
  Padded padded(list + "]");
  Shape shape;
  ASSERT_EQ(shape.rename(std::get<Path>(Path::parse("[].name")), "title"), "");
  std::string_view found;
  Output out;

  ASSERT_FALSE(shape.check_and_apply(padded, {}, found, out));

  EXPECT_EQ(out.size(), padded.text().size() + 100'000);
}

}  // namespace
}  // namespace sluice::json::checker_test
