// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/template.h"

#include <gtest/gtest.h>

#include "gateway/chain/variables.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::chain::template_test {
namespace {

using test::FakeExchange;

Template compiled(std::string_view text) {
  auto result = Template::compile(text);
  if (auto* fault = std::get_if<Template::Fault>(&result)) {
    ADD_FAILURE() << text << ": " << fault->message;
    return {};
  }
  return std::get<Template>(std::move(result));
}

TEST(Template, RendersATextWithoutVariablesToItself) {
  FakeExchange fake;
  Template t = compiled("plain $ text, $5 and $$");

  std::string_view out = t.render(fake.ex, Purpose::field);

  EXPECT_TRUE(t.constant());
  EXPECT_EQ(out, "plain $ text, $5 and $$");
  EXPECT_EQ(compiled("").render(fake.ex, Purpose::field), "");
}

TEST(Template, AllocatesNothingForATextWithoutVariables) {
  FakeExchange fake;
  Template t = compiled("plain");

  EXPECT_EQ(t.render(fake.ex, Purpose::field).data(), t.render(fake.ex, Purpose::json).data());
}

TEST(Template, KeepsTextAroundAndBetweenVariables) {
  FakeExchange fake;
  fake.captures({{"id", "7"}});

  EXPECT_EQ(compiled("<${path.id}>${path.id}${path.id}-").render(fake.ex, Purpose::text), "<7>77-");
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

TEST(Template, TellsNoCallerAsAnotherInAField) {
  FakeExchange fake("/?x=a%01b");
  Claim claims[] = {{"sub", "admin\n"}, {"tenant", " acme"}, {"name", "a b"}};
  fake.ex.identity.claims = claims;

  const Template who = compiled("${claim.sub}|${claim.tenant}|${claim.name}|${query.x}");

  EXPECT_EQ(who.render(fake.ex, Purpose::field), "||a b|a b");
  EXPECT_EQ(who.render(fake.ex, Purpose::text),
            "admin\n| acme|a b|a\x01"
            "b");
}

TEST(Template, LeadsNowhereWithoutASegmentThatIsWritten) {
  FakeExchange fake("/?x=1");
  fake.captures({{"rest", ""}});
  auto place = [&](std::string_view text, Purpose purpose) {
    const Template written = compiled(text);
    auto made = written.render_place(fake.ex, purpose);
    return made ? std::string(*made) : std::string(base::row(made.error().reason).name);
  };

  EXPECT_EQ(place("/x/${header.none}/y", Purpose::path), "validation");
  EXPECT_EQ(place("/x/${header.none}", Purpose::path), "validation");
  EXPECT_EQ(place("/x/${path.rest}${query.none}/y", Purpose::path), "validation");
  EXPECT_EQ(place("https://a.example/${query.none}#top", Purpose::url), "validation");
  EXPECT_EQ(place("/x/${path.rest}", Purpose::path), "/x/");
  EXPECT_EQ(place("/x/${query.none}${query.x}/y", Purpose::path), "/x/1/y");
  EXPECT_EQ(place("/x-${query.none}/y", Purpose::path), "/x-/y");
  EXPECT_EQ(place("/x/", Purpose::path), "/x/");
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

}  // namespace
}  // namespace sluice::chain::template_test
