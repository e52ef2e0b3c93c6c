// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/field_removal.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::headers_test {
namespace {

using http::FieldId;
using test::FakeExchange;
using testing::HasSubstr;

// The request's fields after the filter `yaml` had them.
std::string request(std::string_view yaml, FakeExchange& fake, std::vector<std::string> captures = {}) {
  auto built = test::filter(yaml, std::move(captures));
  if (!built.made) return built.problems;
  auto step = built.get().on_request(fake.ex);
  EXPECT_EQ(step.await_resume(), chain::Step::next);
  std::string out = built.problems + test::lines(fake.request().fields);
  return out;
}

std::string response(std::string_view yaml, FakeExchange& fake) {
  auto built = test::filter(yaml);
  if (!built.made) return built.problems;
  auto told = built.get().on_response(fake.ex);
  EXPECT_TRUE(told.await_ready());
  return test::lines(fake.response().fields);
}

TEST(Headers, SetReplacesEveryLineOfThatNameInPlaceOfTheFirst) {
  FakeExchange fake;
  auto& fields = fake.request().fields;
  fields.add("X-A", "1");
  fields.add("X-B", "2");
  fields.add("x-a", "3");

  EXPECT_EQ(request("headers: {request: {set: {X-A: new, User-Agent: gw}}}", fake),
            "X-A: new\nX-B: 2\nUser-Agent: gw\n");
}

// Filters behind this one have edited what the target got.
TEST(Headers, OfResponsesTellTheClientWhatItAskedFor) {
  FakeExchange fake("/a?b=c");
  chain::keep_line(fake.ex);
  fake.request().path = "/internal";
  fake.request().query = "b=c&key=secret";

  EXPECT_EQ(request("headers: {request: {set: {X-Uri: \"${request.uri}\"}}}", fake),
            "X-Uri: /internal?b=c&key=secret\n");
  EXPECT_EQ(response("headers: {response: {set: {X-Uri: \"${request.uri}\"}}}", fake), "X-Uri: /a?b=c\n");
}

TEST(Headers, KeepWhatIsReadLaterOfTheRequestAsTheClientSentIt) {
  for (auto edits : {"{remove: Origin}", "{remove: O*}", "{set: {Origin: \"https://ours.example\"}}",
                     "{add: {Origin: \"https://ours.example\"}}"}) {
    FakeExchange fake;
    fake.request().fields.add(FieldId::origin, "https://app.example.com");

    EXPECT_NE(request("headers: {request: " + std::string(edits) + "}", fake),
              "Origin: https://app.example.com\n")
        << edits;
    EXPECT_EQ(test::lines(chain::client_fields(fake.ex)), "Origin: https://app.example.com\n") << edits;
  }
  FakeExchange other;
  request("headers: {request: {set: {X-Tenant: a}, remove: X-Secret-*}}", other);
  EXPECT_EQ(other.ex.kept_fields, nullptr);
}

TEST(Headers, AddAddsALineWhateverIsThere) {
  FakeExchange fake;
  fake.request().fields.add("X-A", "1");

  EXPECT_EQ(request("headers: {request: {add: {x-a: two}}}", fake), "X-A: 1\nx-a: two\n");
}

TEST(Headers, DefaultAddsOnlyWhereThereIsNone) {
  FakeExchange fake;
  fake.request().fields.add("accept", "text/html");

  EXPECT_EQ(request("headers: {request: {default: {Accept: \"*/*\", X-New: a}}}", fake),
            "accept: text/html\nX-New: a\n");
}

TEST(Headers, RemovesByNameInAnySpelling) {
  FakeExchange fake;
  auto& fields = fake.request().fields;
  fields.add("x-powered-by", "php");
  fields.add("COOKIE", "a=b");
  fields.add("X-Keep", "1");

  EXPECT_EQ(request("headers: {request: {remove: [X-Powered-By, Cookie]}}", fake), "X-Keep: 1\n");
}

TEST(Headers, RemovesByPatternKnownNamesAndOthers) {
  FakeExchange fake;
  auto& fields = fake.request().fields;
  fields.add("X-Forwarded-For", "1.2.3.4");
  fields.add("X-Forwarded-Colour", "red");
  fields.add("X-Real-IP", "1.2.3.4");
  fields.add("X-Internal-Id", "7");
  fields.add("Not-Internal-Id", "8");

  EXPECT_EQ(request("headers: {request: {remove: [\"x-forwarded-*\", \"X-Internal-*\"]}}", fake),
            "X-Real-IP: 1.2.3.4\nNot-Internal-Id: 8\n");
}

TEST(Headers, NeverRemovesWhatTheConnectionNeeds) {
  FakeExchange fake;
  auto& fields = fake.request().fields;
  fields.add(FieldId::host, "api.example.com");
  fields.add(FieldId::content_length, "5");
  fields.add(FieldId::cookie, "a=b");
  fields.add("X-A", "1");

  EXPECT_EQ(request("headers: {request: {remove: \"*\"}}", fake),
            "Host: api.example.com\nContent-Length: 5\n");
}

TEST(Headers, RemovesThenDefaultsThenSetsThenAdds) {
  FakeExchange fake;
  fake.request().fields.add("X-A", "client");

  EXPECT_EQ(
      request(
          "headers: {request: {add: {X-A: added}, set: {X-B: set}, default: {X-A: default, X-B: default}, "
          "remove: [X-A]}}",
          fake),
      "X-A: default\nX-B: set\nX-A: added\n");
}

TEST(Headers, FillsInVariables) {
  FakeExchange fake("/u/7?q=%0Aevil");
  fake.captures({{"id", "a%20b"}});

  EXPECT_EQ(request("headers: {request: {set: {X-Client: \"${client.ip}\", X-User: \"u-${path.id}\", "
                    "X-Q: \"${query.q}\", X-None: \"${header.none}\"}}}",
                    fake, {"id"}),
            "X-Client: 192.0.2.7\nX-User: u-a b\nX-Q: evil\nX-None: \n");
}

TEST(Headers, SeesTheRequestAsEarlierEditsLeftIt) {
  FakeExchange fake;
  fake.request().fields.add("X-Secret", "s");

  EXPECT_EQ(
      request("headers: {request: {remove: [X-Secret], set: {X-Copy: \"<${header.x-secret}>\"}}}", fake),
      "X-Copy: <>\n");
}

TEST(Headers, EditsTheResponseAlone) {
  FakeExchange fake;
  fake.request().fields.add("Server", "request");
  auto& fields = fake.response().fields;
  fields.add("Server", "nginx/1.0");
  fields.add("Content-Type", "text/html");
  fields.add("Set-Cookie", "a=1");
  fields.add("Set-Cookie", "b=2");

  EXPECT_EQ(
      response("headers: {response: {remove: [server], default: {Content-Type: x, Cache-Control: no-store}, "
               "add: {Set-Cookie: c=3}}}",
               fake),
      "Content-Type: text/html\nSet-Cookie: a=1\nSet-Cookie: b=2\nCache-Control: no-store\nSet-Cookie: "
      "c=3\n");
  EXPECT_EQ(test::lines(fake.request().fields), "Server: request\n");
}

TEST(Headers, RefusesFieldsThatBelongToTheConnection) {
  FakeExchange fake;

  EXPECT_THAT(request("headers: {request: {set: {Host: other}}}", fake),
              HasSubstr("`Host` belongs to the connection"));
  EXPECT_THAT(request("headers: {response: {add: {content-length: 0}}}", fake),
              HasSubstr("`Content-Length` belongs"));
  EXPECT_THAT(request("headers: {request: {default: {Upgrade: h2c}}}", fake), HasSubstr("`Upgrade` belongs"));
  EXPECT_THAT(request("headers: {response: {remove: [Transfer-Encoding]}}", fake),
              HasSubstr("`Transfer-Encoding` belongs"));
}

TEST(Headers, RefusesWhatCanBeNoFieldName) {
  FakeExchange fake;

  EXPECT_THAT(request("headers: {request: {remove: [\"X Powered\"]}}", fake),
              HasSubstr("no name of a header field"));
  EXPECT_THAT(request("headers: {request: {remove: [\"X *\"]}}", fake), HasSubstr("can match no name"));
  EXPECT_THAT(request("headers: {request: {remove: [\"\"]}}", fake), HasSubstr("no name of a header field"));
}

TEST(Headers, NeedsSomethingToDo) {
  FakeExchange fake;

  EXPECT_NE(request("headers: {}", fake), "");
}

TEST(Headers, ComplainsAboutCapturesThatTheRouteDoesNotHave) {
  auto built = test::filter("headers: {response: {set: {X-User: \"${path.user}\"}}}", {"id"});

  EXPECT_THAT(built.problems, HasSubstr("response.set.X-User: the path of this route captures no `user`"));
}

// Clients must not be able to send these themselves; see chain/identity_fields.h.
// Of unknown length, with these trailers.
class WithTrailers final : public http::Body {
 public:
  explicit WithTrailers(const http::Fields& trailers) noexcept : trailers_(&trailers) {}
  base::Task<base::Result<http::Piece>> read(std::size_t) override {
    return base::Result<http::Piece>(http::Piece{{"a", 1}, true, trailers_});
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  void abandon() noexcept override {}

 private:
  const http::Fields* trailers_;
};
std::string trailers_of(http::Body& body) {
  auto piece = body.read(100).await_resume();
  return piece && piece->trailers ? test::lines(*piece->trailers) : "none";
}

TEST(Headers, TakeFromTrailersWhatTheyTakeFromTheHead) {
  FakeExchange fake("/", "POST");
  http::Fields trailers(fake.ex.arena);
  for (const char* name : {"X-Internal-Id", "x_tier", "Cookie", "X-Sum"}) trailers.add(name, "1");
  fake.ex.request_body = http::make_body<WithTrailers>(fake.ex.arena, trailers);
  fake.ex.response_body = http::make_body<WithTrailers>(fake.ex.arena, trailers);
  auto built = test::filter(
      "headers: {request: {remove: [X-Internal-*, Cookie], set: {X-Tier: free}, add: {X-Sum: \"2\"}}, "
      "response: {remove: X-Sum}}");

  built.get().on_request(fake.ex).await_resume();
  (void)built.get().on_response(fake.ex);

  EXPECT_EQ(trailers_of(*fake.ex.request_body), "X-Sum: 1\n");
  EXPECT_EQ(trailers_of(*fake.ex.response_body), "X-Internal-Id: 1\nx_tier: 1\nCookie: 1\n");
}

TEST(Headers, LeaveBodiesAloneThatCannotHaveTrailersOrLoseNone) {
  FakeExchange fake("/", "POST");
  fake.ex.request_body = http::make_body<http::TextBody>(fake.ex.arena, "a");
  http::Fields trailers(fake.ex.arena);
  fake.ex.response_body = http::make_body<WithTrailers>(fake.ex.arena, trailers);
  const auto *asked = fake.ex.request_body.get(), *answered = fake.ex.response_body.get();
  auto built = test::filter("headers: {request: {remove: X-A}, response: {add: {X-A: b}}}");

  built.get().on_request(fake.ex).await_resume();
  (void)built.get().on_response(fake.ex);

  EXPECT_EQ(fake.ex.request_body.get(), asked);
  EXPECT_EQ(fake.ex.response_body.get(), answered);
}

TEST(Headers, HideLinksOfEarlyHintsWhereTheyTakeThemFromTheResponse) {
  for (const char* yaml : {"headers: {response: {remove: link}}", "headers: {response: {remove: L*}}",
                           "headers: {response: {set: {Link: </a>}}}"}) {
    FakeExchange fake;
    request(yaml, fake);
    EXPECT_TRUE(fake.ex.hides_links) << yaml;
  }
  FakeExchange fake;
  request("headers: {request: {remove: Link}, response: {remove: X-A, add: {Link: </a>}}}", fake);
  EXPECT_FALSE(fake.ex.hides_links);
}

TEST(HeadersFilter, NotesTheFieldsThatTellWhoCalls) {
  EXPECT_EQ(test::filter("headers: {request: {set: {X-Who: \"id ${consumer.id}\", X-Ip: \"${client.ip}\"}, "
                         "add: {X-Sub: \"${claim.sub}\"}, default: {X-Key: \"${credential}\"}}, "
                         "response: {set: {X-Out: \"${consumer.id}\"}}}")
                .told,
            "X-Key\nX-Who\nX-Sub\n");
}

TEST(HeadersFilter, TellsWhichFieldsOfRequestsItLeavesToNobody) {
  auto built = test::filter(
      "headers: {request: {remove: [authorization, X-Api-*], set: {X-User: a}, add: {X-Sum: b}, default: "
      "{Cookie: "
      "c}}, response: {remove: X-Out}}");
  const auto& removal = dynamic_cast<const chain::FieldRemoval&>(built.get());

  for (const char* name : {"Authorization", "x-api-key", "X-USER"})
    EXPECT_TRUE(removal.removes(name)) << name;
  for (const char* name : {"X-Sum", "Cookie", "X-Out", "X-Other"})
    EXPECT_FALSE(removal.removes(name)) << name;
}

}  // namespace
}  // namespace sluice::filters::headers_test
