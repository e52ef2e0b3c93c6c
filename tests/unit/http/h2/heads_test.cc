// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/heads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/http/h1/writer.h"

namespace sluice::http::h2::heads_test {
namespace {

using base::Reason;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// What becomes of these lines as the head of a request.
struct Read {
  explicit Read(const Pairs& lines, bool ended = true, HeadLimits l = {}) : limits(l) {
    RequestReader reader(limits, head);
    for (const auto& [name, value] : lines) hopeless = hopeless || !reader.add(name, value);
    auto result = reader.finish(ended);
    malformed = reader.malformed();
    if (result) {
      control = *result;
    } else {
      reason = result.error().reason;
      detail = result.error().detail;
    }
  }
  // As the h1 writer passes it on.
  std::string written() const {
    std::string out(h1::request_head_size(head, h1::target_of(head), ""), ' ');
    out.resize(static_cast<std::size_t>(h1::write_request_head(out.data(), head, h1::target_of(head), "") -
                                        out.data()));
    return out;
  }
  HeadLimits limits;
  base::Arena arena;
  RequestHead head{arena};
  Control control;
  Reason reason = Reason::none;
  std::string detail;
  bool malformed = false;
  bool hopeless = false;
};

Pairs get(Pairs more = {}) {
  Pairs all = {{":method", "GET"}, {":scheme", "http"}, {":authority", "a.example"}, {":path", "/x?y=1"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}
Pairs without(Pairs lines, const std::string& name) {
  std::erase_if(lines, [&](const auto& line) { return line.first == name; });
  return lines;
}
Pairs with(Pairs lines, const std::string& name, const std::string& value) {
  for (auto& line : lines)
    if (line.first == name) line.second = value;
  return lines;
}

TEST(H2RequestReader, FillsTheHeadAsAnHttp1RequestWould) {
  Read r(get({{"accept", "*/*"}, {"x-a", "b c"}}));

  ASSERT_EQ(r.reason, Reason::none) << r.detail;
  EXPECT_EQ(r.head.method, Method::get);
  EXPECT_EQ(r.head.version, Version::http_2);
  EXPECT_EQ(r.head.target, "/x?y=1");
  EXPECT_EQ(r.head.path, "/x");
  EXPECT_EQ(r.head.query, "y=1");
  EXPECT_EQ(r.head.host, "a.example");
  EXPECT_EQ(r.control.framing.kind, Framing::Kind::none);
  EXPECT_EQ(r.written(), "GET /x?y=1 HTTP/1.1\r\naccept: */*\r\nx-a: b c\r\nHost: a.example\r\n\r\n");
}

Pairs websocket(Pairs more = {}) {
  Pairs all = {{":method", "CONNECT"},
               {":protocol", "websocket"},
               {":scheme", "http"},
               {":authority", "a.example"},
               {":path", "/x?y=1"}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// RFC 8441.
TEST(H2RequestReader, TurnsAnExtendedConnectIntoAnUpgrade) {
  Read r(websocket({{"sec-websocket-version", "13"}, {"sec-websocket-key", "x"}}), false);

  ASSERT_EQ(r.reason, Reason::none) << r.detail;
  EXPECT_EQ(r.head.method, Method::get);
  EXPECT_EQ(r.head.upgrade, "websocket");
  EXPECT_EQ(r.head.path, "/x");
  EXPECT_EQ(r.head.host, "a.example");
  EXPECT_EQ(r.control.framing.kind, Framing::Kind::none);
  EXPECT_EQ(r.written(), "GET /x?y=1 HTTP/1.1\r\nsec-websocket-version: 13\r\nHost: a.example\r\n\r\n");
  EXPECT_EQ(Read(get()).head.upgrade, "");
}

TEST(H2RequestReader, RefusesAnExtendedConnectThatIsNoWebSocket) {
  EXPECT_EQ(Read(with(websocket(), ":protocol", "connect-udp"), false).reason, Reason::not_implemented);
  EXPECT_EQ(Read(websocket({{"content-length", "5"}}), false).reason, Reason::bad_request);
  EXPECT_EQ(Read(websocket({{"content-length", "0"}}), false).reason, Reason::bad_request);
  EXPECT_EQ(Read(websocket({{"upgrade", "websocket"}}), false).reason, Reason::bad_request);
  EXPECT_TRUE(Read(with(websocket(), ":method", "GET"), false).malformed);
  for (const char* name : {":scheme", ":path", ":authority"})
    EXPECT_TRUE(Read(without(websocket(), name), false).malformed) << name;
  EXPECT_EQ(Read(with(websocket(), ":path", "/a%00b"), false).reason, Reason::bad_request);
}

TEST(H2RequestReader, NormalisesThePathWithTheCodeOfHttp1) {
  EXPECT_EQ(Read(with(get(), ":path", "/a/../%7eb/./c")).head.path, "/~b/c");
  EXPECT_EQ(Read(with(get(), ":path", "/a%2fb%5cc")).head.path, "/a%2Fb%5Cc");
  EXPECT_EQ(Read(with(get(), ":path", "/..%2Fb")).reason, Reason::bad_request);
  EXPECT_EQ(Read(with(get(), ":path", "/a\\b")).reason, Reason::bad_request);
}

TEST(H2RequestReader, JoinsCookieCrumbs) {
  Read r(get({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));

  EXPECT_EQ(r.head.fields.count(FieldId::cookie), 1u);
  EXPECT_EQ(r.head.fields.value(FieldId::cookie), "a=1; b=2; c=3");
}

TEST(H2RequestReader, TakesTheHostFromEitherField) {
  Read host_only(without(get({{"host", "B.example:80"}}), ":authority"));
  Read both(get({{"host", "A.example:80"}}));

  EXPECT_EQ(host_only.head.host, "b.example");
  EXPECT_EQ(host_only.head.authority, "B.example:80");
  EXPECT_EQ(both.reason, Reason::none) << both.detail;
  EXPECT_EQ(both.head.fields.count(FieldId::host), 1u);
}

TEST(H2RequestReader, RemovesTeAndKeepsLengths) {
  Read r(get({{"te", "trailers"}, {"content-length", "3"}}), false);

  EXPECT_FALSE(r.head.fields.has(FieldId::te));
  EXPECT_EQ(r.control.framing.kind, Framing::Kind::length);
  EXPECT_EQ(r.control.framing.length, 3u);
  EXPECT_EQ(Read(get(), false).control.framing.kind, Framing::Kind::chunked);
  EXPECT_EQ(Read(get({{"content-length", "0"}})).reason, Reason::none);
}

TEST(H2RequestReader, NoticesUnknownNamesOfForwarding) {
  EXPECT_TRUE(Read(get({{"x-forwarded-user", "a"}})).head.fields.has_claims());
  EXPECT_TRUE(Read(get({{"x_forwarded_user", "a"}})).head.fields.has_claims());
  EXPECT_FALSE(Read(get({{"x-forwarded-for", "a"}, {"x-forward", "b"}})).head.fields.has_claims());
}

TEST(H2RequestReader, KnowsWhoWaitsForPermission) {
  EXPECT_TRUE(Read(get({{"expect", "100-Continue"}}), false).control.expect_continue);
  EXPECT_FALSE(Read(get({{"expect", "100-continue"}}), true).control.expect_continue);
  EXPECT_EQ(Read(get({{"expect", "a-miracle"}}), false).reason, Reason::expectation);
}

TEST(H2RequestReader, ReadsConnectAndTheAsterisk) {
  Read tunnel({{":method", "CONNECT"}, {":authority", "a.example:443"}}, false);
  Read options(with(with(get(), ":method", "OPTIONS"), ":path", "*"));

  EXPECT_EQ(tunnel.reason, Reason::none) << tunnel.detail;
  EXPECT_EQ(tunnel.head.path, "");
  EXPECT_EQ(options.head.path, "*");
  EXPECT_EQ(Read(with(get(), ":path", "*")).reason, Reason::bad_request);
}

struct Bad {
  const char* name;
  Pairs lines;
  bool ended = true;
};

class MalformedRequest : public testing::TestWithParam<Bad> {};

TEST_P(MalformedRequest, IsRefusedAndItsStreamReset) {
  Read r(GetParam().lines, GetParam().ended);

  EXPECT_EQ(r.reason, Reason::bad_request) << r.detail;
  EXPECT_NE(r.detail, "");
  EXPECT_TRUE(r.malformed);
}

INSTANTIATE_TEST_SUITE_P(
    Rfc9113, MalformedRequest,
    testing::Values(
        Bad{"no_method", without(get(), ":method")}, Bad{"no_scheme", without(get(), ":scheme")},
        Bad{"no_path", without(get(), ":path")}, Bad{"empty_path", with(get(), ":path", "")},
        Bad{"absolute_path", with(get(), ":path", "http://a.example/")},
        Bad{"no_authority", without(get(), ":authority")}, Bad{"twice", get({{":path", "/"}})},
        Bad{"status", get({{":status", "200"}})}, Bad{"unknown", get({{":x", "1"}})},
        Bad{"protocol", get({{":protocol", "websocket"}})},
        Bad{"late",
            {{":method", "GET"}, {":scheme", "http"}, {"a", "b"}, {":authority", "a"}, {":path", "/"}}},
        Bad{"capitals", get({{"X-a", "b"}})}, Bad{"empty_name", get({{"", "b"}})},
        Bad{"name_space", get({{"a b", "c"}})}, Bad{"name_colon", get({{"a:b", "c"}})},
        Bad{"name_newline", get({{"a\nb", "c"}})}, Bad{"value_cr", get({{"a", "b\rc"}})},
        Bad{"value_lf", get({{"a", "b\nHost: evil"}})}, Bad{"value_crlf", get({{"a", "b\r\nx: y"}})},
        Bad{"value_nul", get({{"a", std::string("b\0c", 3)}})}, Bad{"value_blank", get({{"a", " b"}})},
        Bad{"value_tab", get({{"a", "b\t"}})},
        Bad{"path_newline", with(get(), ":path", "/ HTTP/1.1\r\nHost: evil\r\n\r\n")},
        Bad{"path_space", with(get(), ":path", "/a b")},
        Bad{"method_space", with(get(), ":method", "GET /evil HTTP/1.1\r\n")},
        Bad{"method_empty", with(get(), ":method", "")}, Bad{"connection", get({{"connection", "close"}})},
        Bad{"keep_alive", get({{"keep-alive", "timeout=5"}})},
        Bad{"proxy_connection", get({{"proxy-connection", "keep-alive"}})},
        Bad{"transfer_encoding", get({{"transfer-encoding", "chunked"}}), false},
        Bad{"upgrade", get({{"upgrade", "h2c"}})}, Bad{"te", get({{"te", "trailers, gzip"}})},
        Bad{"host_differs", get({{"host", "b.example"}})}, Bad{"host_port", get({{"host", "a.example:81"}})},
        Bad{"host_twice", get({{"host", "a.example"}, {"host", "a.example"}})},
        Bad{"userinfo", with(get(), ":authority", "me@a.example")},
        Bad{"length_twice", get({{"content-length", "1"}, {"content-length", "1"}}), false},
        Bad{"length_list", get({{"content-length", "1, 1"}}), false},
        Bad{"length_sign", get({{"content-length", "+1"}}), false},
        Bad{"length_without_body", get({{"content-length", "1"}})},
        Bad{"connect_path", {{":method", "CONNECT"}, {":authority", "a:1"}, {":path", "/"}}},
        Bad{"connect_alone", {{":method", "CONNECT"}}}),
    [](const auto& p) { return p.param.name; });

TEST(H2RequestReader, RefusesWithoutAResetWhatIsOnlyNotForUs) {
  Read underscore(get({{"content_length", "1"}}));
  Read point(get({{"transfer.encoding", "chunked"}}));
  Read scheme(with(get(), ":scheme", "ftp"));
  Read method(with(get(), ":method", std::string(33, 'A')));
  Read uri(with(get(), ":path", "/" + std::string(9000, 'a')));

  EXPECT_EQ(underscore.reason, Reason::bad_request);
  EXPECT_EQ(point.reason, Reason::bad_request);
  EXPECT_EQ(scheme.reason, Reason::bad_request);
  EXPECT_EQ(method.reason, Reason::not_implemented);
  EXPECT_EQ(uri.reason, Reason::uri_too_long);
  EXPECT_FALSE(underscore.malformed || scheme.malformed || method.malformed || uri.malformed);
}

// A proxy that has ended TLS passes on what its client named (RFC 9113 section 8.3.1 asks for no match).
TEST(H2RequestReader, TakesTheSchemeForTheDefaultPortAlone) {
  auto named = [](const char* scheme, const char* host) {
    auto lines = with(get(), ":scheme", scheme);
    lines.emplace_back("host", host);
    return Read(lines).reason;
  };
  std::string host = "a.example";

  for (const char* scheme : {"https", "HTTPS"}) {
    EXPECT_EQ(named(scheme, (host + ":443").c_str()), Reason::none);
    EXPECT_EQ(named(scheme, (host + ":80").c_str()), Reason::bad_request);
  }
  EXPECT_EQ(named("http", (host + ":80").c_str()), Reason::none);
  EXPECT_EQ(named("http", (host + ":443").c_str()), Reason::bad_request);
}

TEST(H2RequestReader, HasTheLimitsOfHttp1) {
  Pairs many = get();
  for (int i = 0; i < 101; ++i) many.emplace_back("a", "b");
  Read lines(many);
  Read large(get({{"a", std::string(17 * 1024, 'x')}}));

  EXPECT_EQ(lines.reason, Reason::header_too_large);
  EXPECT_EQ(large.reason, Reason::header_too_large);
  EXPECT_FALSE(lines.hopeless || large.hopeless);
}

TEST(H2RequestReader, GivesUpWhereTheLimitIsPassedManyTimes) {
  Pairs bomb = get();
  for (int i = 0; i < 100; ++i) bomb.emplace_back("a", std::string(4000, 'x'));

  Read r(bomb);

  EXPECT_TRUE(r.hopeless);
  EXPECT_LT(r.arena.held(), 64u * 1024);
}

struct ReadResponse {
  explicit ReadResponse(const Pairs& lines, bool ended = false, Method request = Method::get) {
    ResponseReader reader(limits, head);
    for (const auto& [name, value] : lines) reader.add(name, value);
    auto result = reader.finish(ended, request);
    if (result) {
      control = *result;
    } else {
      reason = result.error().reason;
    }
  }
  HeadLimits limits;
  base::Arena arena;
  ResponseHead head{arena};
  Control control;
  Reason reason = Reason::none;
};

TEST(H2ResponseReader, ReadsStatusAndFraming) {
  ReadResponse r({{":status", "200"}, {"content-length", "5"}, {"server", "x"}});

  EXPECT_EQ(r.reason, Reason::none);
  EXPECT_EQ(r.head.status, 200);
  EXPECT_EQ(r.control.framing.length, 5u);
  EXPECT_EQ(r.head.fields.value(FieldId::server), "x");
  EXPECT_EQ(ReadResponse(Pairs{{":status", "200"}}).control.framing.kind, Framing::Kind::chunked);
  EXPECT_EQ(ReadResponse(Pairs{{":status", "103"}}).control.framing.kind, Framing::Kind::none);
}

TEST(H2ResponseReader, LetsABodilessResponseSayItsLength) {
  EXPECT_EQ(ReadResponse({{":status", "200"}, {"content-length", "5"}}, true, Method::head).reason,
            Reason::none);
  EXPECT_EQ(ReadResponse({{":status", "304"}, {"content-length", "5"}}, true).reason, Reason::none);
  EXPECT_EQ(ReadResponse({{":status", "200"}, {"content-length", "5"}}, true).reason,
            Reason::response_invalid);
}

TEST(H2ResponseReader, RefusesWhatIsNoResponse) {
  for (const Pairs& lines :
       {Pairs{}, Pairs{{":status", "20"}}, Pairs{{":status", "abc"}}, Pairs{{":status", "600"}},
        Pairs{{":status", "200"}, {":path", "/"}}, Pairs{{":status", "200"}, {"A", "b"}},
        Pairs{{":status", "200"}, {"connection", "close"}}})
    EXPECT_EQ(ReadResponse(lines).reason, Reason::response_invalid) << testing::PrintToString(lines);
  EXPECT_EQ(ReadResponse(Pairs{{":status", "101"}}).reason, Reason::upstream_protocol);
  EXPECT_EQ(ReadResponse({{":status", "103"}}, true).reason, Reason::response_invalid);
}

TEST(H2TrailerReader, LeavesOutWhatMustNotStandThere) {
  HeadLimits limits;
  base::Arena arena;
  Fields fields(arena);
  TrailerReader reader(limits, fields, Reason::bad_request);
  reader.add("grpc-status", "0");
  reader.add("set-cookie", "a=b");

  EXPECT_TRUE(reader.finish());
  EXPECT_TRUE(fields.find("grpc-status"));
  EXPECT_FALSE(fields.find("set-cookie"));
}

TEST(H2TrailerReader, RefusesPseudoFields) {
  HeadLimits limits;
  base::Arena arena;
  Fields fields(arena);
  TrailerReader reader(limits, fields, Reason::bad_request);
  reader.add(":path", "/");

  EXPECT_FALSE(reader.finish());
  EXPECT_TRUE(reader.malformed());
}

TEST(LengthCheck, CountsBytesAgainstWhatWasAnnounced) {
  LengthCheck known, unknown, none;
  known.expect({Framing::Kind::length, 5});
  unknown.expect({Framing::Kind::chunked, 0});
  none.expect({});

  EXPECT_TRUE(known.take(3));
  EXPECT_FALSE(known.complete());
  EXPECT_FALSE(known.take(3));
  EXPECT_TRUE(known.take(2));
  EXPECT_TRUE(known.complete());
  EXPECT_TRUE(unknown.take(1000) && unknown.complete());
  EXPECT_FALSE(none.take(1));
}

Pairs pairs(std::span<const nghttp2_nv> lines) {
  Pairs out;
  for (const auto& nv : lines)
    out.emplace_back(std::string(reinterpret_cast<const char*>(nv.name), nv.namelen),
                     std::string(reinterpret_cast<const char*>(nv.value), nv.valuelen));
  return out;
}

TEST(H2ResponseLines, HoldWhatMayLeave) {
  base::Arena arena;
  ResponseHead head(arena);
  head.status = 418;
  head.fields.add("X-A", "b");
  head.fields.add("bad name", "b");
  head.fields.add("x-split", "a\r\nb: c");
  head.fields.add(FieldId::transfer_encoding, "chunked");
  head.fields.add(FieldId::server, "gone");
  head.fields.remove(FieldId::server);

  EXPECT_EQ(pairs(response_lines(head, "now")),
            (Pairs{{":status", "418"}, {"X-A", "b"}, {"x-split", "a  b: c"}, {"date", "now"}}));
  head.fields.add(FieldId::date, "then");
  EXPECT_EQ(pairs(response_lines(head, "now")).back(), (std::pair<std::string, std::string>("Date", "then")));
}

TEST(H2RequestLines, TurnHostAndExtraLinesIntoPairs) {
  base::Arena arena;
  RequestHead head(arena);
  head.method = Method::post;
  head.method_text = "POST";
  head.fields.add(FieldId::host, "old.example");
  head.fields.add("x", "y");

  EXPECT_EQ(
      pairs(request_lines(head, {"https", "new.example", "/p", "q=1", true}, "Via: 1.1 s\r\nA: b: c\r\n")),
      (Pairs{{":method", "POST"},
             {":scheme", "https"},
             {":path", "/p?q=1"},
             {":authority", "new.example"},
             {"x", "y"},
             {"Via", "1.1 s"},
             {"A", "b: c"}}));
}

}  // namespace
}  // namespace sluice::http::h2::heads_test
