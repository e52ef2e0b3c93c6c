// SPDX-License-Identifier: Apache-2.0

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/template.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::template_compile_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Template compiled(std::string_view text) {
  auto result = Template::compile(text);
  if (auto* fault = std::get_if<Template::Fault>(&result)) {
    ADD_FAILURE() << text << ": " << fault->message;
    return {};
  }
  return std::get<Template>(std::move(result));
}

Template::Fault fault(std::string_view text) {
  auto result = Template::compile(text);
  if (auto* f = std::get_if<Template::Fault>(&result)) return *f;
  ADD_FAILURE() << text << " was taken";
  return {};
}

TEST(TemplateCompile, EscapesADollarWithADollar) {
  test::FakeExchange fake;
  fake.captures({{"id", "7"}});

  EXPECT_EQ(compiled("$${path.id} is ${path.id}").render(fake.ex, Purpose::text), "${path.id} is 7");
  EXPECT_EQ(compiled("a$${b").render(fake.ex, Purpose::text), "a${b");
}

TEST(TemplateCompile, SaysWhereAVariableIsNotClosed) {
  auto f = fault("abc ${path.id");

  EXPECT_EQ(f.offset, 4U);
  EXPECT_THAT(f.message, HasSubstr("not closed"));
  EXPECT_THAT(f.hint, HasSubstr("$${"));
}

TEST(TemplateCompile, SaysWhereAVariableIsUnknownAndWhatWasProbablyMeant) {
  auto f = fault("a ${path.id} ${clinet.ip}");

  EXPECT_EQ(f.offset, 13U);
  EXPECT_THAT(f.message, HasSubstr("clinet.ip"));
  EXPECT_THAT(f.hint, HasSubstr("${client.ip}"));
  EXPECT_THAT(fault("${heder.x-a}").hint, HasSubstr("${header.x-a}"));
}

TEST(TemplateCompile, ListsTheVariablesWhenNothingIsNear) {
  EXPECT_THAT(fault("${zzzzzzzz}").hint, AllOf(HasSubstr("path.NAME"), HasSubstr("client.ip")));
  EXPECT_THAT(fault("${}").hint, HasSubstr("path.NAME"));
}

TEST(TemplateCompile, RefusesNamesThatCannotBe) {
  EXPECT_THAT(fault("${path.}").message, HasSubstr("missing"));
  EXPECT_THAT(fault("x${header.a b}").message, HasSubstr("header field"));
  EXPECT_EQ(fault("x${header.a b}").offset, 1U);
  EXPECT_THAT(fault("${path.a/b}").message, HasSubstr("capture"));
}

TEST(TemplateCompile, NamesTheCapturesThatItUses) {
  EXPECT_THAT(compiled("/${path.id}/${query.x}/${path.rest}").captures(), ElementsAre("id", "rest"));
}

TEST(TemplateCompile, ComparesByItsText) {
  EXPECT_EQ(compiled("${path.a}"), compiled("${path.a}"));
  EXPECT_NE(compiled("${path.a}"), compiled("${path.b}"));
}

TEST(TemplateCompile, RefusesTextAroundVariablesThatNoFieldCanHave) {
  EXPECT_EQ(field_text(compiled("")), "");
  EXPECT_EQ(field_text(compiled("${path.a} x\ty")), "");
  EXPECT_NE(field_text(compiled("a\nb")), "");
  EXPECT_NE(field_text(compiled(" ${path.a}")), "");
}

TEST(TemplateCompile, ComplainsAboutACaptureThatTheRouteDoesNotHave) {
  test::FakeBuilder builder;
  builder.facts.captures = {"user_id", "rest"};

  check_captures(compiled("/${path.user_id}/${path.rest}"), "path", builder);
  EXPECT_EQ(builder.problems, "");

  check_captures(compiled("/${path.userid}"), "path", builder);
  EXPECT_THAT(builder.problems, HasSubstr("error: path: the path of this route captures no `userid`"));
  EXPECT_THAT(builder.problems, HasSubstr("${path.user_id}"));

  builder.problems.clear();
  check_captures(compiled("/${path.zzz}"), "path", builder);
  EXPECT_THAT(builder.problems, HasSubstr("{zzz}"));
}

struct Setting {
  Template text;
  bool operator==(const Setting&) const = default;
};
void describe(config::Description<Setting>& d) {
  d.about("setting", "A setting.");
  d.field("text", &Setting::text, "A text.");
}

TEST(TemplateCompile, IsReadFromTheConfiguration) {
  config::Diagnostics diagnostics;
  auto document = config::parse("text: \"a ${path.id}\"", diagnostics);

  auto setting = config::bind<Setting>(document, diagnostics);

  EXPECT_EQ(diagnostics.text(), "");
  EXPECT_EQ(setting.text.text(), "a ${path.id}");
  EXPECT_FALSE(setting.text.constant());
}

TEST(TemplateCompile, IsComplainedAboutWithItsPlaceInTheConfiguration) {
  config::Diagnostics diagnostics;
  auto document = config::parse("text: \"a ${pth.id}\"", diagnostics);

  config::bind<Setting>(document, diagnostics);

  EXPECT_THAT(diagnostics.text(), HasSubstr("config.yaml:1:7: error:"));
  EXPECT_THAT(diagnostics.text(), HasSubstr("`pth.id` is no variable (at character 3)"));
  EXPECT_THAT(diagnostics.text(), HasSubstr("did you mean \"${path.id}\"?"));
}

}  // namespace
}  // namespace sluice::chain::template_compile_test
