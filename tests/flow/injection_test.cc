// SPDX-License-Identifier: Apache-2.0
// Header injection: what a client says may end up, through any variable that a configuration uses, in fields
// and targets that the gateway writes. Whatever it says, it stays one value there: it begins no line, field,
// parameter or path segment of its own (RFC 9110 section 5.5, RFC 9112 section 11.1).
#include <gmock/gmock.h>

#include "gateway/base/strings.h"
#include "gateway/chain/variables.h"

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/signer.h"

namespace sluice::test::injection_test {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// What clients send, percent-encoded where a target carries it, to begin a line, a field or a request of
// their own.
constexpr const char* kAttempts[] = {
    "a%0d%0aX-Injected:%201",
    "a%0aX-Injected:%201",
    "a%0dX-Injected:%201",
    "a%0d%0a%0d%0aGET%20/stolen%20HTTP/1.1%0d%0aHost:%20a%0d%0a%0d%0a",
    "a%00b",
    "a%c4%8d%c4%8aX-Injected:%201",  // letters whose low bytes are CR and LF
    "a%e5%98%8d%e5%98%8aX-Injected:%201",
    "a%250d%250aX-Injected:%201",
    "a%09b%7fc%1fd",
    "a%22,%22b%22:%22c",
    "a%3Cscript%3Ealert(1)%3C/script%3E",
    "a%26admin=1%23b%3Fc",
    "a%2526admin=1",
    "a+b%20c",
};

// Every variable that the gateway has but those of error pages, those that say who calls or those that do not;
// those that take a name with the name that the client chooses the value of.
std::string every_variable(bool identity = false) {
  std::string all;
  for (const chain::Variable& v : chain::variables()) {
    if (v.identity != identity || v.name.starts_with("error.")) continue;
    all += "${" + std::string(v.name) + (v.takes_name() ? "v" : "") + "}|";
  }
  return all;
}

void expect_no_line_of_its_own(const Message& message, std::string_view attempt) {
  EXPECT_TRUE(message.complete && message.fault.empty()) << attempt << ": " << message.fault;
  EXPECT_FALSE(message.has("X-Injected")) << attempt << "\n" << message.head;
  for (const Line& line : message.fields)
    for (char c : line.value)
      EXPECT_TRUE(c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f))
          << attempt << " in " << line.name << "\n"
          << message.head;
}

// Variables go to the service: in a field, in the path, in a parameter; and back to the client in a field.
TEST(Injection, ByNoVariableReachesAServiceOrAClient) {
  Gateway gw(R"(
routes:
  - name: all
    match: {path: "/x/{v}"}
    use:
      - headers:
          request: {set: {X-All: ")" +
             every_variable() + R"("}, add: {X-More: "${query.v}"}}
          response: {set: {X-Back: ")" +
             every_variable() + R"("}}
      - rewrite: {path: "/y/${path.v}/z"}
      - query: {set: {p: "${path.v}", q: "${query.v}"}}
    to: all
)");
  gw.upstream("all").answers(200, "ok");
  std::size_t arrived = 0;
  for (std::string attempt : kAttempts) {
    Response answer =
        gw.get("/x/" + attempt + "?v=" + attempt + "&admin=0", "X-V: plain\r\nV: " + attempt + "\r\n");
    EXPECT_THAT(answer.status, AnyOf(200, 400, 404)) << attempt;
    expect_no_line_of_its_own(answer, attempt);
    auto requests = gw.upstream("all").requests();
    if (answer.status != 200) {  // 404: it has a segment more
      EXPECT_EQ(requests.size(), arrived) << attempt;
      continue;
    }
    ASSERT_EQ(requests.size(), ++arrived) << attempt;  // one request is one request
    const Request& seen = requests.back();
    expect_no_line_of_its_own(seen, attempt);
    EXPECT_EQ(seen.count("X-All"), 1u) << attempt;
    EXPECT_EQ(seen.count("X-More"), 1u) << attempt;
    std::string path = seen.target.substr(0, seen.target.find('?'));
    EXPECT_THAT(path, StartsWith("/y/")) << attempt;
    EXPECT_THAT(path, EndsWith("/z")) << attempt;
    EXPECT_EQ(std::count(path.begin(), path.end(), '/'), 3) << attempt << " became " << path;
    // The client's own parameter is the only one of that name.
    std::string query = "&" + seen.target.substr(seen.target.find('?') + 1);
    EXPECT_THAT(query, HasSubstr("&admin=0")) << attempt;
    EXPECT_THAT(query, Not(HasSubstr("&admin=1"))) << attempt << " became " << query;
    EXPECT_THAT(seen.target, Not(HasSubstr("#"))) << attempt;
  }
  EXPECT_GE(arrived, 8u);  // most attempts are legal requests, and are forwarded
}

// What an issuer may let its users choose, as it stands in JSON.
constexpr const char* kClaims[] = {
    R"(a\r\nX-Injected: 1)",
    R"(a\nX-Injected: 1)",
    R"(a\rX-Injected: 1)",
    R"(a\r\n\r\nGET /stolen HTTP/1.1\r\nHost: a\r\n\r\n)",
    R"(a\u0001b\u007fc\u001fd)",
    R"(a\u010d\u010aX-Injected: 1)",
    R"(a%0d%0aX-Injected: 1)",
    R"(a%250d%250aX-Injected: 1)",
    R"(a\",\"b\":\"c)",
    R"(<script>alert(1)</script>)",
    R"(a&admin=1#b?c)",
    R"(a%26admin=1)",
    R"(../../stolen)",
    R"(a/b//c\\d)",
    R"(..)",
    R"(a, admin; b=c)",
};

// A gateway to whom tokens say who calls. What is noted about the consumer is no better than they are.
class IdentityInjection : public ::testing::Test {
 protected:
  std::string yaml() const {
    std::string texts = every_variable(true);
    return R"(
consumers:
  - {name: acme, metadata: {v: "a\r\nX-Injected: 1\",\"b\":\"c?admin=1#e%0d%0aX-Injected: 1<script>"}}
policies:
  token: {jwt: {issuer: "https://idp", audience: api, algorithms: HS256, consumer_claim: client_id, secret: ")" +
           issuer_.secret() + R"("}}
routes:
  - name: all
    match: {path: /u}
    use:
      - token
      - headers:
          request: {set: {X-All: ")" +
           texts + R"("}}
          response: {set: {X-Back: ")" +
           texts + R"("}}
      - rewrite: {path: "/y/${claim.v}/z"}
      - query: {set: {p: "${claim.v}", g: "${consumer.groups}", n: "${consumer.metadata.v}"}}
    to: all
  - {name: noted, match: {path: /noted}, use: [token, {rewrite: {path: "/y/${consumer.metadata.v}/z"}}], to: all}
  - {name: text, match: {path: /text}, use: [token], respond: {body: ")" +
           texts + R"(", headers: {X-Back: "${credential}"}}}
  - {name: html, match: {path: /html}, use: [token], respond: {content_type: text/html, body: ")" +
           texts + R"("}}
  - {name: json, match: {path: /json}, use: [token], respond: {json: {all: ")" +
           texts + R"("}}}
)";
  }
  // The request's field with a token that says this wherever it says something.
  std::string bearer(const std::string& said) const {
    std::string claims = R"({"iss":"https://idp","aud":"api","exp":4102444800,"client_id":"acme","sub":")" +
                         said + R"(","v":")" + said + R"(","scope":")" + said + R"(","groups":[")" + said +
                         R"(","b"]})";
    return "Authorization: Bearer " + issuer_.token(claims) + "\r\n";
  }

  Signer issuer_{"HS256"};
};

TEST_F(IdentityInjection, ReachesNoService) {
  Gateway gw(yaml());
  gw.upstream("all").answers(200, "ok");
  std::size_t arrived = 0;
  for (std::string said : kClaims) {
    for (std::string asked : {"/u?admin=0", "/noted?admin=0"}) {
      Response answer = gw.get(asked, bearer(said));
      EXPECT_THAT(answer.status, AnyOf(200, 400)) << said;
      expect_no_line_of_its_own(answer, said);
      auto requests = gw.upstream("all").requests();
      if (answer.status != 200) {  // the path that it would make is none
        EXPECT_EQ(requests.size(), arrived) << said;
        continue;
      }
      ASSERT_EQ(requests.size(), ++arrived) << said;
      const Request& seen = requests.back();
      expect_no_line_of_its_own(seen, said);
      EXPECT_EQ(seen.count("X-All"), asked.starts_with("/u") ? 1u : 0u) << said;
      std::string path = seen.target.substr(0, seen.target.find('?'));
      EXPECT_THAT(path, AllOf(StartsWith("/y/"), EndsWith("/z"))) << said;
      EXPECT_EQ(std::count(path.begin(), path.end(), '/'), 3) << said << " became " << path;
      std::string query = "&" + seen.target.substr(seen.target.find('?') + 1);
      EXPECT_THAT(query, HasSubstr("&admin=0")) << said;
      EXPECT_THAT(query, Not(HasSubstr("&admin=1"))) << said << " became " << query;
      EXPECT_THAT(seen.target, Not(HasSubstr("#"))) << said;
    }
  }
  EXPECT_GE(arrived, 24u);  // most make a path
}

TEST_F(IdentityInjection, ReachesNoAnswerOfTheGateway) {
  Gateway gw(yaml());
  for (std::string said : kClaims) {
    Response text = gw.get("/text", bearer(said));
    EXPECT_EQ(text.status, 200) << said << "\n" << text.body;
    expect_no_line_of_its_own(text, said);
    EXPECT_EQ(text.count("X-Back"), 1u) << said;

    Response html = gw.get("/html", bearer(said));
    EXPECT_EQ(html.status, 200) << said;
    EXPECT_THAT(html.body, Not(HasSubstr("<script"))) << said;

    Response json = gw.get("/json", bearer(said));
    EXPECT_EQ(json.status, 200) << said;
    // One member, whatever it holds: no quotation mark of theirs ends the string.
    EXPECT_THAT(json.body, Not(HasSubstr("\"b\":\"c"))) << json.body;
    for (char c : json.body) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << said;
  }
}

// The same in what the gateway answers itself: Location, texts, JSON, HTML.
TEST(Injection, ByNoVariableReachesAnAnswerOfTheGateway) {
  Gateway gw(R"(
defaults: {error_pages: {404: {html: "<p>${request.path} ${query.v}</p>"}}}
routes:
  - {name: moved, match: {path: "/moved/{v}"}, redirect: {path: "/to/${path.v}", status: 302}}
  - {name: json, match: {path: "/json/{v}"}, respond: {json: {p: "${path.v}", q: "${query.v}", h: "${header.v}"}, headers: {X-V: "${path.v}"}}}
)");
  for (std::string attempt : kAttempts) {
    Response moved = gw.get("/moved/" + attempt);
    expect_no_line_of_its_own(moved, attempt);
    if (moved.status == 302) {
      std::string location = moved.value("Location");
      EXPECT_THAT(location, Not(HasSubstr(" "))) << attempt;
      std::string path = location.substr(location.find("/to/"));
      EXPECT_EQ(path.find_first_of("?#\"<>"), std::string::npos) << attempt << " became " << location;
    } else {
      EXPECT_THAT(moved.status, AnyOf(400, 404)) << attempt;
    }

    Response json = gw.get("/json/" + attempt + "?v=" + attempt, "V: " + attempt + "\r\n");
    expect_no_line_of_its_own(json, attempt);
    if (json.status == 200) {
      // Three members, whatever they hold: no quotation mark of theirs ends a string.
      EXPECT_THAT(json.body, Not(HasSubstr("\"b\":\"c"))) << json.body;
      for (char c : json.body) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << attempt;
    } else {
      EXPECT_THAT(json.status, AnyOf(400, 404)) << attempt;
    }

    Response page = gw.get("/none/" + attempt + "?v=" + attempt, "Accept: text/html\r\n");
    expect_no_line_of_its_own(page, attempt);
    EXPECT_THAT(page.body, Not(HasSubstr("<script"))) << attempt;
  }
}

// A value of a field that ends lines by itself is no request at all (RFC 9112 section 2.2).
TEST(Injection, ByABareCarriageReturnOrZeroInAFieldIsRefused) {
  Gateway gw(R"(
routes: [{name: all, match: {path: /**}, use: [{headers: {request: {set: {X-All: "${header.v}"}}}}], to: all}]
)");
  gw.upstream("all").answers(200, "ok");
  for (std::string value :
       {std::string("a\rX-Injected: 1"), std::string("a\0b", 3), std::string("a\r\r\nX: 1")}) {
    Response answer = gw.ask("GET / HTTP/1.1\r\nHost: a\r\nV: " + value + "\r\n\r\n");
    EXPECT_EQ(answer.status, 400) << base::to_lower(value);
  }
  EXPECT_EQ(gw.upstream("all").request_count(), 0u);
}

}  // namespace
}  // namespace sluice::test::injection_test
