// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/variables.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain {
namespace {

using test::FakeExchange;
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

// An exchange with something of everything.
struct Rich : FakeExchange {
  Rich() : FakeExchange("/u/7/caf%C3%A9?q=a+b%26c&empty=&q=2&flag", "POST", "API.example.com:8443") {
    ex.request.host = "api.example.com";
    ex.route_name = "users";
    ex.request_id = "id-1";
    ex.request.fields.add(http::FieldId::user_agent, "curl/8");
    ex.request.fields.add("X-Tenant", "acme");
    ex.request.fields.add("X-Tenant", "other");
    captures({{"id", "7"}, {"name", "caf%C3%A9"}, {"rest", "a/b%20c/../d"}});
  }
  std::string operator()(std::string_view text, Purpose purpose = Purpose::text) {
    kept_ = compiled(text);
    return std::string(kept_.render(ex, purpose));
  }
  Template kept_;
};

TEST(Template, RendersATextWithoutVariablesToItself) {
  Rich rich;
  Template t = compiled("plain $ text, $5 and $$");

  std::string_view out = t.render(rich.ex, Purpose::field);

  EXPECT_TRUE(t.constant());
  EXPECT_EQ(out, "plain $ text, $5 and $$");
  EXPECT_EQ(compiled("").render(rich.ex, Purpose::field), "");
}

TEST(Template, AllocatesNothingForATextWithoutVariables) {
  Rich rich;
  Template t = compiled("plain");

  EXPECT_EQ(t.render(rich.ex, Purpose::field).data(), t.render(rich.ex, Purpose::json).data());
}

TEST(Template, KnowsEveryVariableOfTheTable) {
  Rich rich;

  EXPECT_EQ(rich("${path.id}"), "7");
  EXPECT_EQ(rich("${query.q}"), "a b&c");
  EXPECT_EQ(rich("${query.empty}|${query.flag}|${query.none}"), "||");
  EXPECT_EQ(rich("${header.user-agent} ${header.X-Tenant}"), "curl/8 acme");
  EXPECT_EQ(rich("${header.x-none}"), "");
  EXPECT_EQ(rich("${client.ip}"), "192.0.2.7");
  EXPECT_EQ(rich("${request.id}"), "id-1");
  EXPECT_EQ(rich("${request.method}"), "POST");
  EXPECT_EQ(rich("${request.scheme}://${request.host}"), "http://api.example.com");
  EXPECT_EQ(rich("${request.path}"), "/u/7/caf%C3%A9");
  EXPECT_EQ(rich("${request.query}"), "q=a+b%26c&empty=&q=2&flag");
  EXPECT_EQ(rich("${request.uri}"), "/u/7/caf%C3%A9?q=a+b%26c&empty=&q=2&flag");
  EXPECT_EQ(rich("${route.name} ${listener.name}"), "users public");
}

TEST(Template, DocumentsEveryVariable) {
  for (const Variable& v : variables()) EXPECT_TRUE(v.doc.ends_with('.')) << v.name;
}

TEST(Template, LeavesTheQuestionMarkOutOfAUriWithoutQuery) {
  FakeExchange fake("/a");

  EXPECT_EQ(compiled("${request.uri}").render(fake.ex, Purpose::url), "/a");
}

TEST(Template, MakesARequestIdWhenNobodyDidBefore) {
  FakeExchange fake;

  auto id = compiled("${request.id}").render(fake.ex, Purpose::field);

  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(id, fake.ex.request_id);
}

TEST(Template, EscapesADollarWithADollar) {
  Rich rich;

  EXPECT_EQ(rich("$${path.id} is ${path.id}"), "${path.id} is 7");
  EXPECT_EQ(rich("a$${b"), "a${b");
}

TEST(Template, KeepsTextAroundAndBetweenVariables) {
  Rich rich;

  EXPECT_EQ(rich("<${path.id}>${path.id}${path.id}-"), "<7>77-");
}

TEST(Template, SaysWhereAVariableIsNotClosed) {
  auto f = fault("abc ${path.id");

  EXPECT_EQ(f.offset, 4U);
  EXPECT_THAT(f.message, HasSubstr("not closed"));
  EXPECT_THAT(f.hint, HasSubstr("$${"));
}

TEST(Template, SaysWhereAVariableIsUnknownAndWhatWasProbablyMeant) {
  auto f = fault("a ${path.id} ${clinet.ip}");

  EXPECT_EQ(f.offset, 13U);
  EXPECT_THAT(f.message, HasSubstr("clinet.ip"));
  EXPECT_THAT(f.hint, HasSubstr("${client.ip}"));
  EXPECT_THAT(fault("${heder.x-a}").hint, HasSubstr("${header.x-a}"));
}

TEST(Template, ListsTheVariablesWhenNothingIsNear) {
  EXPECT_THAT(fault("${zzzzzzzz}").hint, AllOf(HasSubstr("path.NAME"), HasSubstr("client.ip")));
  EXPECT_THAT(fault("${}").hint, HasSubstr("path.NAME"));
}

TEST(Template, RefusesNamesThatCannotBe) {
  EXPECT_THAT(fault("${path.}").message, HasSubstr("missing"));
  EXPECT_THAT(fault("x${header.a b}").message, HasSubstr("header field"));
  EXPECT_EQ(fault("x${header.a b}").offset, 1U);
  EXPECT_THAT(fault("${path.a/b}").message, HasSubstr("capture"));
}

TEST(Template, NamesTheCapturesThatItUses) {
  EXPECT_THAT(compiled("/${path.id}/${query.x}/${path.rest}").captures(), ElementsAre("id", "rest"));
}

TEST(Template, DecodesValuesForAFieldAndMakesControlCharactersBlanks) {
  FakeExchange fake("/?evil=a%0D%0AX-Admin:%20yes%00&pad=%20x%09");

  EXPECT_EQ(compiled("${query.evil}").render(fake.ex, Purpose::field), "a  X-Admin: yes");
  EXPECT_EQ(compiled("${query.pad}").render(fake.ex, Purpose::field), "x");
}

TEST(Template, LeavesBrokenTripletsAsTheyAre) {
  FakeExchange fake("/?q=100%&r=%zz%4");

  EXPECT_EQ(compiled("${query.q} ${query.r}").render(fake.ex, Purpose::text), "100% %zz%4");
}

TEST(Template, FindsAParameterByItsDecodedName) {
  FakeExchange fake("/?a%5Bb%5D=1&c+d=2");

  EXPECT_EQ(compiled("${query.a[b]} ${query.c d}").render(fake.ex, Purpose::text), "1 2");
}

TEST(Template, KeepsCapturesEncodedInAPath) {
  FakeExchange fake("/");
  fake.captures({{"name", "caf%C3%A9%2Fx"}, {"rest", "a/b"}});

  EXPECT_EQ(compiled("/v1/${path.name}/${path.rest}").render(fake.ex, Purpose::path),
            "/v1/caf%C3%A9%2Fx/a/b");
}

TEST(Template, LetsNoOtherValueLeaveItsSegment) {
  FakeExchange fake("/?p=../x?y=1%23z%20%C3%A9");
  fake.request().fields.add("X-Name", "a/b;c");

  EXPECT_EQ(compiled("/f/${query.p}").render(fake.ex, Purpose::path), "/f/..%2Fx%3Fy%3D1%23z%20%C3%A9");
  EXPECT_EQ(compiled("/f/${header.x-name}").render(fake.ex, Purpose::url), "/f/a%2Fb%3Bc");
}

TEST(Template, MakesNoDoubleSlashWherePartsMeet) {
  FakeExchange fake("/");
  fake.captures({{"rest", "/evil.com/x"}, {"all", "//evil.com"}, {"end", "a/"}});

  EXPECT_EQ(compiled("/${path.rest}").render(fake.ex, Purpose::url), "/evil.com/x");
  EXPECT_EQ(compiled("${path.all}").render(fake.ex, Purpose::url), "/evil.com");
  EXPECT_EQ(compiled("/x/${header.none}/y").render(fake.ex, Purpose::path), "/x/y");
  EXPECT_EQ(compiled("/${path.end}/b").render(fake.ex, Purpose::path), "/a/b");
}

TEST(Template, KeepsAValueInsideItsQueryParameter) {
  FakeExchange fake("/a&b=1/c?x=1&y=2");
  fake.captures({{"id", "1&admin=yes"}});

  EXPECT_EQ(compiled("/l?id=${path.id}&n=${query.y}").render(fake.ex, Purpose::url),
            "/l?id=1%26admin%3Dyes&n=2");
  EXPECT_EQ(compiled("/l?next=${request.path}").render(fake.ex, Purpose::url), "/l?next=/a%26b%3D1/c");
  EXPECT_EQ(compiled("/l?next=${request.uri}").render(fake.ex, Purpose::url),
            "/l?next=%2Fa%26b%3D1%2Fc%3Fx%3D1%26y%3D2");
  EXPECT_EQ(compiled("/l?z=0&${request.query}").render(fake.ex, Purpose::url), "/l?z=0&x=1&y=2");
}

TEST(Template, KeepsAValueInsideTheHostOfAUrl) {
  FakeExchange fake("/x");
  fake.captures({{"rest", "evil.com/x"}, {"name", "a"}});

  EXPECT_EQ(compiled("https://${path.rest}.a.example/${path.rest}").render(fake.ex, Purpose::url),
            "https://evil.com%2Fx.a.example/evil.com/x");
  EXPECT_EQ(compiled("https://${path.name}.a.example${request.uri}").render(fake.ex, Purpose::url),
            "https://a.a.example/x");
  EXPECT_EQ(compiled("https://${request.host}:81${request.path}").render(fake.ex, Purpose::url),
            "https://api.example.com:81/x");
}

TEST(Template, DoesNotLetTheQueryChooseTheTargetOfAUrl) {
  FakeExchange fake("/?https://evil.com");

  EXPECT_EQ(compiled("${request.query}").render(fake.ex, Purpose::url), "https%3A%2F%2Fevil.com");
}

TEST(Template, EscapesForJson) {
  FakeExchange fake("/?q=%22%5C%0A%01%C3%A9%FF%7F");

  EXPECT_EQ(compiled(R"({"a":"${query.q}"})").render(fake.ex, Purpose::json),
            "{\"a\":\"\\\"\\\\\\n\\u0001\u00e9\uFFFD\\u007F\"}");
}

TEST(Template, EscapesForHtml) {
  FakeExchange fake("/?q=%3Cscript%3E%22'%26%00");

  EXPECT_EQ(compiled("<b>${query.q}</b>").render(fake.ex, Purpose::html),
            "<b>&lt;script&gt;&quot;&#39;&amp; </b>");
}

TEST(Template, ComparesByItsText) {
  EXPECT_EQ(compiled("${path.a}"), compiled("${path.a}"));
  EXPECT_NE(compiled("${path.a}"), compiled("${path.b}"));
}

TEST(Template, RefusesTextAroundVariablesThatNoFieldCanHave) {
  EXPECT_EQ(field_text(compiled("")), "");
  EXPECT_EQ(field_text(compiled("${path.a} x\ty")), "");
  EXPECT_NE(field_text(compiled("a\nb")), "");
  EXPECT_NE(field_text(compiled(" ${path.a}")), "");
}

TEST(Template, ComplainsAboutACaptureThatTheRouteDoesNotHave) {
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

TEST(Template, IsReadFromTheConfiguration) {
  config::Diagnostics diagnostics;
  auto document = config::parse("text: \"a ${path.id}\"", diagnostics);

  auto setting = config::bind<Setting>(document, diagnostics);

  EXPECT_EQ(diagnostics.text(), "");
  EXPECT_EQ(setting.text.text(), "a ${path.id}");
  EXPECT_FALSE(setting.text.constant());
}

TEST(Template, IsComplainedAboutWithItsPlaceInTheConfiguration) {
  config::Diagnostics diagnostics;
  auto document = config::parse("text: \"a ${pth.id}\"", diagnostics);

  config::bind<Setting>(document, diagnostics);

  EXPECT_THAT(diagnostics.text(), HasSubstr("config.yaml:1:7: error:"));
  EXPECT_THAT(diagnostics.text(), HasSubstr("`pth.id` is no variable (at character 3)"));
  EXPECT_THAT(diagnostics.text(), HasSubstr("did you mean \"${path.id}\"?"));
}

}  // namespace
}  // namespace sluice::chain
