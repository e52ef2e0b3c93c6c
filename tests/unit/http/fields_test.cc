// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/fields.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace sluice::http::fields_test {
namespace {

constexpr std::string_view kKnown[] = {
#define FIELD_NAME(id, text) text,
#include "gateway/http/field_names.def"
#undef FIELD_NAME
};

std::vector<std::string> texts(const Fields& fields) {
  std::vector<std::string> out;
  for (const Field& f : fields.lines())
    if (!f.dropped) out.push_back(std::string(f.name) + ": " + std::string(f.value));
  return out;
}

class FieldsTest : public testing::Test {
 protected:
  base::Arena arena;
  Fields fields{arena};
};

TEST(FieldNames, EveryKnownNameIsFoundInAnyCase) {
  for (std::size_t i = 0; i < std::size(kKnown); ++i) {
    auto id = static_cast<FieldId>(i + 1);
    std::string upper(kKnown[i]), lower(kKnown[i]);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    for (char& c : lower) c = static_cast<char>(std::tolower(c));

    EXPECT_EQ(field_name(id), kKnown[i]);
    EXPECT_EQ(field_id(kKnown[i]), id) << kKnown[i];
    EXPECT_EQ(field_id(upper), id) << upper;
    EXPECT_EQ(field_id(lower), id) << lower;
  }
}

TEST(FieldNames, OneChangedByteMakesAnotherName) {
  for (std::string_view known : kKnown) {
    for (std::size_t at = 0; at < known.size(); ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string name(known);
        name[at] = static_cast<char>(c);
        bool same = std::tolower(c) == std::tolower(static_cast<unsigned char>(known[at]));
        ASSERT_EQ(field_id(name) == field_id(known), same) << known << " byte " << at << " = " << c;
      }
    }
  }
}

TEST(FieldNames, ShorterAndLongerTextsAreOther) {
  for (std::string_view known : kKnown) {
    EXPECT_EQ(field_id(known.substr(1)), FieldId::other) << known;
    EXPECT_EQ(field_id(std::string(known) + "x"), FieldId::other) << known;
  }
  EXPECT_EQ(field_id(""), FieldId::other);
  EXPECT_EQ(field_id("x"), FieldId::other);
  EXPECT_EQ(field_id(std::string(1000, 'a')), FieldId::other);
  EXPECT_EQ(field_name(FieldId::other), "");
}

TEST(FieldNames, AreTokens) {
  for (std::string_view good : {"a", "X-1", "!#$%&'*+-.^_`|~09azAZ", "a_b"})
    EXPECT_TRUE(valid_field_name(good)) << good;
  for (std::string_view bad :
       {"", " a", "a ", "a b", "a:b", "a(", "a\"", "a\x7f", "\xc3\xa4", "a/b", "a=b", "{a}"})
    EXPECT_FALSE(valid_field_name(bad)) << bad;
  EXPECT_FALSE(valid_field_name(std::string_view("a\0b", 3)));
  EXPECT_FALSE(valid_field_name("a\r\nb"));
}

TEST(FieldValues, HaveNoControlCharactersAndNoBlanksAtTheEnds) {
  for (std::string_view good :
       {"", "a", "a b", "a\tb", "\xc3\xa4", "a, b;c=\"d\"", "twelve bytes and more than that"})
    EXPECT_TRUE(valid_field_value(good)) << good;
  for (std::string_view bad :
       {" a", "a ", "\ta", "a\t", "a\rb", "a\nb", "a\r\n b", "a\x01", "a\x7f", "a\x1f"})
    EXPECT_FALSE(valid_field_value(bad)) << bad;
  EXPECT_FALSE(valid_field_value(std::string_view("a\0b", 3)));
}

TEST(FieldValues, AControlCharacterIsFoundAtEveryPlace) {
  for (std::size_t length : {1U, 7U, 8U, 9U, 16U, 23U, 64U}) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(length, 'x');
        text[at] = static_cast<char>(c);
        bool control = (c < 0x20 && c != '\t') || c == 0x7F;
        ASSERT_EQ(has_control_but_tab(text), control) << "byte " << c << " at " << at << " of " << length;
      }
    }
  }
}

TEST_F(FieldsTest, KeepOrderSpellingAndDuplicates) {
  fields.add("x-B", "1");
  fields.add("X-a", "2");
  fields.add("x-b", "3");

  EXPECT_THAT(texts(fields), testing::ElementsAre("x-B: 1", "X-a: 2", "x-b: 3"));
  EXPECT_EQ(fields.find("X-B")->value, "1");
}

TEST_F(FieldsTest, FindKnownNamesByIdAndByText) {
  fields.add("accept-ENCODING", "gzip");

  EXPECT_EQ(fields.value(FieldId::accept_encoding), "gzip");
  EXPECT_EQ(fields.find("Accept-Encoding")->value, "gzip");
  EXPECT_FALSE(fields.has(FieldId::accept));
  EXPECT_EQ(fields.value(FieldId::accept), "");
  EXPECT_EQ(fields.find("Accept"), nullptr);
  EXPECT_EQ(fields.find(FieldId::other), nullptr);
}

TEST_F(FieldsTest, AddByIdWritesOurSpelling) {
  fields.add(FieldId::x_request_id, "7");

  EXPECT_THAT(texts(fields), testing::ElementsAre("X-Request-ID: 7"));
}

TEST_F(FieldsTest, CountLeavesOutDroppedLines) {
  fields.add("Via", "a");
  fields.add("via", "b");
  fields.add("Vary", "c");
  EXPECT_EQ(fields.count(FieldId::via), 2U);

  fields.remove("VIA");

  EXPECT_EQ(fields.count(FieldId::via), 0U);
  EXPECT_EQ(fields.find(FieldId::via), nullptr);
  EXPECT_THAT(texts(fields), testing::ElementsAre("Vary: c"));
}

TEST_F(FieldsTest, SetReplacesTheFirstInPlaceAndDropsTheOthers) {
  fields.add_received("HOST", "old", FieldId::host);
  fields.add_received("X", "1", FieldId::other);
  fields.add_received("host", "older", FieldId::host);

  fields.set(FieldId::host, "new");

  EXPECT_THAT(texts(fields), testing::ElementsAre("HOST: new", "X: 1"));
  EXPECT_FALSE(fields.lines()[0].received) << "an edited line must not be copied from the received head";
  EXPECT_TRUE(fields.lines()[1].received);
}

TEST_F(FieldsTest, SetAndRemoveTakeLookalikesAlongOnceToldOfThem) {
  for (auto name : {"X_User", "x.user", "X-User-Id", "x_a", "X_B", "User_Agent", "user.agent"})
    fields.add(name, "theirs");

  fields.beware_of_lookalikes();
  EXPECT_THAT(texts(fields), testing::ElementsAre("X_User: theirs", "x.user: theirs", "X-User-Id: theirs",
                                                  "x_a: theirs", "X_B: theirs"));
  fields.set("X-User", "ours");
  fields.remove("X-A");

  EXPECT_THAT(texts(fields), testing::ElementsAre("X-User-Id: theirs", "X_B: theirs", "X-User: ours"));
}

TEST_F(FieldsTest, LeavesNamesWithUnderscoresAloneOtherwise) {
  fields.add("X_User", "theirs");

  fields.set("X-User", "ours");

  EXPECT_THAT(texts(fields), testing::ElementsAre("X_User: theirs", "X-User: ours"));
}

TEST_F(FieldsTest, AddsAllOfAnotherAndIsWaryOfItsLookalikes) {
  Fields other(arena);
  for (auto name : {"X.User", "X-Gone", "Host", "X_B"}) other.add(name, "theirs");
  other.remove("X-Gone");

  fields.add_all(other);
  fields.set("X-User", "ours");

  EXPECT_THAT(texts(fields), testing::ElementsAre("Host: theirs", "X_B: theirs", "X-User: ours"));
}

TEST(FieldNames, LookAlikeWhenOnlySignsDiffer) {
  EXPECT_TRUE(lookalike("X.User", "x-uSER"));
  EXPECT_TRUE(lookalike("X~User", "x_uSER"));
  EXPECT_TRUE(lookalike("X_User", "x-uSER"));
  EXPECT_TRUE(lookalike("X-User", "X_User"));
  EXPECT_FALSE(lookalike("X_User", "x_user"));
  EXPECT_FALSE(lookalike("X_User", "X-Users"));
  EXPECT_FALSE(lookalike("XaUser", "X-User"));
}

TEST_F(FieldsTest, SetAddsWhatIsMissing) {
  fields.set("X-New", "1");
  fields.set(FieldId::server, "s");

  EXPECT_THAT(texts(fields), testing::ElementsAre("X-New: 1", "Server: s"));
  EXPECT_TRUE(fields.has(FieldId::server));
}

TEST_F(FieldsTest, TakeNamesThatWereLookedUp) {
  const FieldName server("Server"), tenant("X-Tenant");
  EXPECT_EQ(server.id, FieldId::server);
  EXPECT_EQ(tenant.id, FieldId::other);
  fields.add("x-tenant", "a");

  EXPECT_EQ(fields.find(server), nullptr);
  EXPECT_EQ(fields.find(tenant)->value, "a");
  fields.set(tenant, "b");
  fields.set(server, "one");
  fields.add(tenant, "c");
  EXPECT_THAT(texts(fields), testing::ElementsAre("x-tenant: b", "Server: one", "X-Tenant: c"));
  fields.remove(tenant);

  EXPECT_THAT(texts(fields), testing::ElementsAre("Server: one"));
}

TEST_F(FieldsTest, SetComparesUnknownNamesIgnoringCase) {
  fields.add("X-One", "1");
  fields.add("X-Two", "2");

  fields.set("x-two", "3");

  EXPECT_THAT(texts(fields), testing::ElementsAre("X-One: 1", "X-Two: 3"));
}

TEST_F(FieldsTest, ADroppedLineComesBackAsANewOne) {
  fields.add("Via", "a");
  fields.remove(FieldId::via);

  fields.set(FieldId::via, "b");

  EXPECT_THAT(texts(fields), testing::ElementsAre("Via: b"));
}

TEST_F(FieldsTest, RemoveTakesUnknownNamesAndSets) {
  fields.add("X-A", "1");
  fields.add("x-a", "2");
  fields.add("Te", "3");
  fields.add("Upgrade", "4");
  fields.add("X-B", "5");

  fields.remove("X-a");
  fields.remove_all(field_set(FieldId::te, FieldId::upgrade));
  fields.remove(FieldId::other);

  EXPECT_THAT(texts(fields), testing::ElementsAre("X-B: 5"));
  EXPECT_FALSE(fields.may_have(field_set(FieldId::te, FieldId::upgrade)));
}

TEST_F(FieldsTest, GrowBeyondTheFirstTable) {
  for (int i = 0; i < 1000; ++i) fields.add("X", i % 2 == 0 ? "even" : "odd");
  fields.add(FieldId::via, "last");

  ASSERT_EQ(fields.lines().size(), 1001U);
  EXPECT_EQ(fields.lines()[999].value, "odd");
  EXPECT_EQ(fields.value(FieldId::via), "last");
}

// Names that somebody has chosen so that they meet in the table of known names, of the length and with the end
// of Content-Type. Lines are not hashed: whatever their names are, one after the other is looked at, and
// `limits.fields` says how many there are.
TEST_F(FieldsTest, TellsManyUnknownNamesApartThatResembleAKnownOne) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back(std::to_string(1'000'000 + i) + "-Type");
  for (const std::string& name : names) {
    ASSERT_EQ(name.size(), field_name(FieldId::content_type).size());
    ASSERT_EQ(field_id(name), FieldId::other);
    fields.add(name, "theirs");
  }
  EXPECT_FALSE(fields.may_have(field_set(FieldId::content_type))) << "no line is looked at for that one";

  fields.set(names.back(), "ours");

  ASSERT_EQ(fields.lines().size(), 1000U);
  EXPECT_EQ(fields.find(names.back()), &fields.lines()[999]);
  EXPECT_EQ(fields.lines()[999].value, "ours");
  EXPECT_EQ(fields.find(names[998])->value, "theirs");

  fields.remove(names.back());

  EXPECT_EQ(fields.find(names.back()), nullptr);
  EXPECT_EQ(texts(fields).size(), 999U);
}

TEST_F(FieldsTest, ClearForgetsEverything) {
  fields.add(FieldId::via, "a");

  fields.clear();

  EXPECT_TRUE(fields.lines().empty());
  EXPECT_FALSE(fields.has(FieldId::via));
}

}  // namespace
}  // namespace sluice::http::fields_test
