// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/compressed.h"
#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/slow_body.h"

namespace sluice::filters::compress_test {
namespace {

using http::FieldId;
using test::FakeExchange;
using testing::HasSubstr;
using testing::SizeIs;
using View = std::string_view;

const std::string kText = [] {
  std::string out;
  for (int i = 0; i < 500; ++i) out += "line " + std::to_string(i) + "\n";
  return out;
}();

struct Said {
  View accepts = "gzip, br, zstd";
  View method = "GET";
  int status = 200;
  View type = "text/html; charset=utf-8";
  std::vector<std::pair<View, View>> fields = {};  // of the response
  bool body = true;
  std::string text = kText;
};

struct Compress : testing::Test {
  // The service answers.
  void pass(View settings, Said said = {}) {
    built = test::filter("compress: " + std::string(settings));
    ASSERT_EQ(built.problems, "");
    fake.emplace("/", said.method);
    if (!said.accepts.empty()) fake->request().fields.add(FieldId::accept_encoding, said.accepts);
    EXPECT_EQ(built.get().on_request(fake->ex).await_resume(), chain::Step::next);
    fake->request().fields.remove(FieldId::accept_encoding);  // by a filter behind it
    auto& head = fake->response();
    head.status = said.status;
    if (!said.type.empty()) head.fields.add(FieldId::content_type, said.type);
    for (auto [name, value] : said.fields) head.fields.add(name, value);
    text = std::move(said.text);
    if (said.body) fake->ex.response_body = http::make_body<http::TextBody>(fake->ex.arena, text);
    (void)built.get().on_response(fake->ex);
  }
  std::string coding() { return std::string(fake->response().fields.value(FieldId::content_encoding)); }
  std::string vary() { return std::string(fake->response().fields.value(FieldId::vary)); }
  // What the client reads of it in the end.
  std::string read() {
    return test::expanded(coding(), test::read_all(fake->loop, *fake->ex.response_body).text());
  }

  test::Built<chain::Filter> built;
  std::string text;
  std::optional<FakeExchange> fake;
};

TEST_F(Compress, TakesTheServersChoiceOfWhatTheClientAccepts) {
  pass("{}");
  EXPECT_EQ(coding(), "zstd");
  EXPECT_EQ(read(), kText);
  pass("{codings: [br, gzip]}");
  EXPECT_EQ(coding(), "br");
  EXPECT_EQ(read(), kText);
  pass("{}", {.accepts = "gzip"});
  EXPECT_EQ(coding(), "gzip");
  EXPECT_EQ(vary(), "Accept-Encoding");
  EXPECT_EQ(read(), kText);
}

TEST_F(Compress, CarriesLargeBodies) {
  std::string large(20'000'000, 'x');
  for (View accepts : {"gzip", "br", "zstd"}) {
    pass("{}", {.accepts = accepts, .text = large});
    EXPECT_EQ(coding(), accepts);
    EXPECT_EQ(read(), large);
  }
}

TEST_F(Compress, SaysSoInTheFields) {
  pass("{}",
       {.accepts = "gzip",
        .fields = {
            {"ETag", "\"a\""}, {"Content-Length", "4890"}, {"Accept-Ranges", "bytes"}, {"Vary", "Origin"}}});
  EXPECT_EQ(test::lines(fake->response().fields),
            "Content-Type: text/html; charset=utf-8\nETag: W/\"a\"\nVary: Origin, Accept-Encoding\n"
            "Content-Encoding: gzip\n");
}

TEST_F(Compress, TellsCachesAlsoWhereTheClientTakesNothing) {
  for (View accepts : {"", "identity", "deflate", "gzip;q=0, br;q=0"}) {
    pass("{}", {.accepts = accepts, .fields = {{"ETag", "\"a\""}}});
    EXPECT_EQ(coding(), "") << accepts;
    EXPECT_EQ(vary(), "Accept-Encoding") << accepts;
    EXPECT_EQ(fake->response().fields.value(FieldId::etag), "\"a\"");
    EXPECT_EQ(read(), kText);
  }
}

TEST_F(Compress, LeavesAloneWhatMustStayAsItIs) {
  for (const auto& said : std::vector<Said>{{.status = 206},
                                            {.fields = {{"Content-Range", "bytes 0-1/2"}}},
                                            {.fields = {{"Cache-Control", "public, no-transform"}}},
                                            {.fields = {{"Content-Encoding", "gzip"}}},
                                            {.fields = {{"Content-Encoding", "unheard-of"}}},
                                            {.type = "application/grpc+json"},
                                            {.type = "text/event-stream"},
                                            {.type = "image/png"},
                                            {.type = ""},
                                            {.status = 204, .body = false},
                                            {.status = 200, .body = false},
                                            {.text = std::string(1023, 'x')}}) {
    auto before = said.fields.empty() ? "" : std::string(said.fields[0].second);
    pass("{}", said);
    EXPECT_EQ(vary(), "") << said.type << said.status << before;
    EXPECT_EQ(coding(), before == "gzip" || before == "unheard-of" ? before : "");
    if (said.body) {
      EXPECT_EQ(test::read_all(fake->loop, *fake->ex.response_body).text(), said.text);
    }
  }
}

TEST_F(Compress, HeedsAClientThatWantsNothingTransformed) {
  built = test::filter("compress: {}");
  fake.emplace();
  fake->request().fields.add(FieldId::accept_encoding, "gzip");
  fake->request().fields.add(FieldId::cache_control, "no-transform");
  (void)built.get().on_request(fake->ex);
  fake->response().status = 200;
  fake->response().fields.add(FieldId::content_type, "text/plain");
  fake->ex.response_body = http::make_body<http::TextBody>(fake->ex.arena, kText);
  (void)built.get().on_response(fake->ex);
  EXPECT_EQ(coding(), "");
}

TEST_F(Compress, KnowsTypesOfText) {
  for (View type : {"text/plain", "application/json", "application/problem+json", "image/svg+xml",
                    "Application/JavaScript", "application/wasm", "text/css;charset=utf-8", "font/ttf"}) {
    pass("{}", {.type = type});
    EXPECT_EQ(coding(), "zstd") << type;
  }
  pass("{types: [application/x-mine]}", {.type = "text/plain"});
  EXPECT_EQ(coding(), "");
  pass("{types: application/x-mine}", {.type = "application/x-mine"});
  EXPECT_EQ(coding(), "zstd");
}

TEST_F(Compress, CompressesFromALengthOn) {
  pass("{min_length: 10B}", {.text = "123456789"});
  EXPECT_EQ(coding(), "");
  pass("{min_length: 10B}", {.text = "1234567890"});
  EXPECT_EQ(coding(), "zstd");
  EXPECT_EQ(read(), "1234567890");
}

TEST_F(Compress, CompressesEverythingForClientsThatTakeNothingElse) {
  pass("{}", {.accepts = "gzip, identity;q=0", .type = "image/png", .text = "short"});
  EXPECT_EQ(coding(), "gzip");
  EXPECT_EQ(read(), "short");
  pass("{}", {.accepts = "compress, identity;q=0", .type = "image/png", .text = "short"});
  EXPECT_EQ(coding(), "");
}

TEST_F(Compress, SaysOfHeadWhatGetWouldSay) {
  pass("{}", {.accepts = "gzip", .method = "HEAD", .fields = {{"Content-Length", "4890"}}, .body = false});
  EXPECT_EQ(test::lines(fake->response().fields),
            "Content-Type: text/html; charset=utf-8\nVary: Accept-Encoding\nContent-Encoding: gzip\n");
  pass("{}", {.accepts = "gzip", .method = "HEAD", .fields = {{"Content-Length", "100"}}, .body = false});
  EXPECT_EQ(coding(), "");
}

TEST_F(Compress, NamesTheSameETagInA304) {
  pass("{}", {.status = 304, .type = "", .fields = {{"ETag", "\"a\""}}, .body = false});
  EXPECT_EQ(test::lines(fake->response().fields), "ETag: W/\"a\"\nVary: Accept-Encoding\n");
  pass("{}", {.accepts = "", .status = 304, .type = "", .fields = {{"ETag", "\"a\""}}, .body = false});
  EXPECT_EQ(test::lines(fake->response().fields), "ETag: \"a\"\n");
}

TEST_F(Compress, SendsEachPartOfAStreamAtOnce) {
  for (View accepts : {"gzip", "br", "zstd"}) {
    pass("{event_streams: true}", {.accepts = accepts, .type = "text/event-stream", .body = false});
    fake->response().fields.clear();
    fake->response().fields.add(FieldId::content_type, "text/event-stream");
    fake->ex.response_body = http::make_body<test::SlowBody>(
        fake->ex.arena, fake->loop,
        std::vector<std::string>{"data: 1\n\n", "|data: 2\n\n", "|data: 3\n\n", "|"});
    (void)built.get().on_response(fake->ex);
    auto whole = test::read_all(fake->loop, *fake->ex.response_body);
    EXPECT_THAT(whole.pieces, SizeIs(testing::Ge(4U))) << accepts;
    EXPECT_EQ(test::expanded(accepts, whole.text()), "data: 1\n\ndata: 2\n\ndata: 3\n\n");
  }
}

TEST_F(Compress, TriesAsHardAsItIsTold) {
  std::string long_text;
  for (int i = 0; i < 2000; ++i)
    long_text += R"({"id":)" + std::to_string(i * 7919 % 1000) + R"(,"name":"product )" +
                 std::to_string(i % 37) + "\"},";
  std::size_t sizes[2];
  for (int i : {0, 1}) {
    pass(i ? "{levels: {gzip: 9}}" : "{levels: {gzip: 1}}", {.accepts = "gzip", .text = long_text});
    sizes[i] = test::read_all(fake->loop, *fake->ex.response_body).text().size();
  }
  EXPECT_LT(sizes[1], sizes[0]);
}

TEST_F(Compress, RefusesSettingsOutOfBounds) {
  auto problems = [](View settings) { return test::filter("compress: " + std::string(settings)).problems; };
  EXPECT_THAT(problems("{levels: {gzip: 10}}"), HasSubstr("9"));
  EXPECT_THAT(problems("{levels: {br: 12}}"), HasSubstr("11"));
  EXPECT_THAT(problems("{codings: [deflate]}"), HasSubstr("gzip"));
  EXPECT_THAT(problems("{types: [text]}"), HasSubstr("a content type"));
}

}  // namespace
}  // namespace sluice::filters::compress_test
