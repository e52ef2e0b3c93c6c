// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/field_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"

namespace sluice::chain::field_texts_test {
namespace {

using testing::HasSubstr;

struct Fields {
  FieldTexts set;
  bool operator==(const Fields&) const = default;
};
void describe(config::Description<Fields>& d) {
  d.about("test_fields", "Fields.");
  d.field("set", &Fields::set, "Fields to set.");
  d.check([](const Fields& f, const config::Site& at) { check_field_texts(f.set, "set", at); });
}

std::string problems(std::string_view yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(std::string(yaml), diagnostics);
  config::bind<Fields>(document, diagnostics);
  return diagnostics.text();
}

TEST(FieldTexts, MayNameAnyOrdinaryField) {
  EXPECT_EQ(problems("set: {X-A: b, Authorization: \"Bearer ${header.x-token}\", Empty: \"\"}"), "");
}

TEST(FieldTexts, MayNotNameWhatBelongsToTheConnection) {
  for (std::string name : {"Host", "content-length", "Transfer-Encoding", "CONNECTION", "Keep-Alive", "TE",
                           "Trailer", "Upgrade", "Proxy-Connection"}) {
    EXPECT_THAT(problems("set:\n  " + name + ": x"), HasSubstr("belongs to the connection")) << name;
    EXPECT_THAT(problems("set:\n  " + name + ": x"), HasSubstr(":2:")) << "at its own line";
  }
}

TEST(FieldTexts, NeedNamesThatCanBe) {
  EXPECT_THAT(problems("set: {\"a b\": x}"), HasSubstr("`a b` is no name of a header field"));
  EXPECT_THAT(problems("set: {\"a:\": x}"), HasSubstr("no name of a header field"));
}

TEST(FieldTexts, MayNotHoldControlCharacters) {
  EXPECT_THAT(problems("set: {X-A: \"a\\r\\nX-Admin: 1\"}"), HasSubstr("control characters"));
}

TEST(FieldTexts, MayNotNameAFieldTwiceInTwoSpellings) {
  EXPECT_THAT(problems("set: {X-A: a, x-a: b}"), HasSubstr("`x-a` is the same field as `X-A`"));
}

TEST(FieldTexts, MayUseCapturesOfTheRouteOnly) {
  FieldTexts fields;
  fields.emplace("X-Id") = std::get<Template>(Template::compile("${path.nope}"));
  test::FakeBuilder builder;

  check_captures(fields, "request.set", builder);

  EXPECT_THAT(builder.problems,
              HasSubstr("error: request.set.X-Id: the path of this route captures no `nope`"));
}

}  // namespace
}  // namespace sluice::chain::field_texts_test
