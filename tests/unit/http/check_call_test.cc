// SPDX-License-Identifier: Apache-2.0
// Against messages that another implementation reads and writes in tests/e2e/ext_authz_test.py.
#include "gateway/http/check_call.h"

#include <gtest/gtest.h>

#include "gateway/http/protobuf.h"

namespace sluice::http::check_call_test {
namespace {

using namespace std::string_literals;

Field field(std::string_view name, std::string_view value) {
  return {name, value, field_id(name), false, false};
}

ProtoWriter option(std::string_view name, std::string_view value) {
  return ProtoWriter().message(1, ProtoWriter().text(1, name).text(2, value));
}
ProtoWriter status(std::uint64_t code) { return ProtoWriter().number(1, code); }
base::Result<CheckResponse> said(const ProtoWriter& response) {
  static std::string body;
  body = grpc_frame(response.bytes());
  return parse_check_response(body);
}

TEST(CheckRequest, JoinsFieldsOfOneNameInLowerCase) {
  const Field fields[] = {field("Cookie", "a=1"), field("X-Tag", "one"), field("x-tag", "two")};
  CheckRequest request;
  request.method = "GET";
  request.fields = fields;

  std::string body = write_check_request(request);

  EXPECT_NE(body.find("\x1a\x10\x0a\x05x-tag\x12\x07one,two"s), std::string::npos);
  EXPECT_NE(body.find("\x0a\x06"
                      "cookie\x12\x03"
                      "a=1"s),
            std::string::npos);
  EXPECT_EQ(body.find("X-Tag"), std::string::npos);
}

TEST(CheckResponse, AllowsWithFieldsToSetAndToRemove) {
  auto response =
      said(ProtoWriter()
               .message(1, status(0))
               .message(3, ProtoWriter().message(2, option("X-User", "ann")).text(5, "Authorization")));

  ASSERT_TRUE(response);
  EXPECT_TRUE(response->allowed);
  ASSERT_EQ(response->fields.size(), 1U);
  EXPECT_EQ(response->fields[0].name, "X-User");
  EXPECT_EQ(response->fields[0].value, "ann");
  EXPECT_EQ(response->remove, std::vector<std::string_view>{"Authorization"});
}

TEST(CheckResponse, DeniesWith403UnlessAnotherStatusIsSaid) {
  auto plain = said(ProtoWriter().message(1, status(7)));
  auto written = said(ProtoWriter()
                          .message(1, status(16))
                          .message(2, ProtoWriter()
                                          .message(1, ProtoWriter().number(1, 401))
                                          .message(2, option("WWW-Authenticate", "Basic"))
                                          .text(3, "no")));
  auto odd = said(
      ProtoWriter().message(1, status(7)).message(2, ProtoWriter().message(1, ProtoWriter().number(1, 99))));

  ASSERT_TRUE(plain && written && odd);
  EXPECT_FALSE(plain->allowed);
  EXPECT_EQ(plain->status, 403);
  EXPECT_EQ(written->status, 401);
  EXPECT_EQ(written->body, "no");
  ASSERT_EQ(written->fields.size(), 1U);
  EXPECT_EQ(odd->status, 403);
}

TEST(CheckResponse, DeniesByANegativeCode) {
  auto response = said(ProtoWriter().message(1, status(~std::uint64_t{0})));

  ASSERT_TRUE(response);
  EXPECT_FALSE(response->allowed);
}

TEST(CheckResponse, LeavesOutFieldsThatCannotBeSent) {
  ProtoWriter ok;
  for (auto [name, value] : {std::pair{"X-A", "b\r\nX-Evil: 1"},
                             {"X B", "c"},
                             {"", "d"},
                             {"Content-Length", "0"},
                             {"Transfer-Encoding", "chunked"},
                             {"Host", "evil"},
                             {"Connection", "close"}})
    ok.message(2, option(name, value));
  for (const char* name : {"Host", ":path", "Content-Length"}) ok.text(5, name);

  auto response = said(ProtoWriter().message(1, status(0)).message(3, ok));

  ASSERT_TRUE(response);
  EXPECT_TRUE(response->fields.empty());
  EXPECT_TRUE(response->remove.empty());
}

TEST(CheckResponse, IsAnErrorWhereItIsNoMessage) {
  EXPECT_FALSE(parse_check_response(""));
  EXPECT_FALSE(parse_check_response("\0\0\0\0\x02\x0a\x7f"s));
  EXPECT_FALSE(said(ProtoWriter().text(1, "\xff")));                                // in the status
  EXPECT_FALSE(said(ProtoWriter().message(1, status(0)).text(3, "\x12\x7f")));      // in what is allowed
  EXPECT_FALSE(said(ProtoWriter().message(1, status(7)).text(2, "\x0a\x01\x80")));  // in what is denied
}

}  // namespace
}  // namespace sluice::http::check_call_test
