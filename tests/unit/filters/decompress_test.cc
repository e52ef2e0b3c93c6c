// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/compressed.h"
#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/slow_body.h"

namespace sluice::filters::decompress_test {
namespace {

using base::Reason;
using http::FieldId;
using test::FakeExchange;
using test::Wrapping;
using testing::HasSubstr;
using View = std::string_view;

const std::string kText = [] {
  std::string out;
  for (int i = 0; i < 500; ++i) out += "line " + std::to_string(i) + "\n";
  return out;
}();

struct Decompress : testing::Test {
  void begin(View settings, View accepts = {}) {
    built = test::filter("decompress: " + std::string(settings));
    ASSERT_EQ(built.problems, "");
    fake.emplace("/", "POST");
    if (!accepts.empty()) fake->request().fields.add(FieldId::accept_encoding, accepts);
  }
  // The service answers in that coding.
  void answer(View settings, View accepts, View coding, std::string bytes,
              std::vector<std::pair<View, View>> fields = {}, int status = 200) {
    begin(settings, accepts);
    (void)built.get().on_request(fake->ex);
    fake->response().status = status;
    fake->response().fields.add(FieldId::content_encoding, coding);
    for (auto [name, value] : fields) fake->response().fields.add(name, value);
    text = std::move(bytes);
    fake->ex.response_body = http::make_body<http::TextBody>(fake->ex.arena, text);
    (void)built.get().on_response(fake->ex);
  }
  void send(View settings, View coding, std::string bytes) {
    begin(settings);
    fake->request().fields.add(FieldId::content_encoding, coding);
    fake->request().fields.add(FieldId::content_length, "1");
    text = std::move(bytes);
    fake->ex.request_body = http::make_body<http::TextBody>(fake->ex.arena, text);
    EXPECT_EQ(built.get().on_request(fake->ex).await_resume(), chain::Step::next);
  }
  test::WholeBody response() { return test::read_all(fake->loop, *fake->ex.response_body); }
  test::WholeBody request() { return test::read_all(fake->loop, *fake->ex.request_body); }
  std::string lines() { return test::lines(fake->response().fields); }

  test::Built<chain::Filter> built;
  std::string text;
  std::optional<FakeExchange> fake;
};

std::string gzip(View text) { return test::compressed(text, Wrapping::gzip); }

TEST_F(Decompress, ReadsForClientsThatCannot) {
  const std::pair<View, std::string> all[] = {{"gzip", gzip(kText)},
                                              {"deflate", test::compressed(kText, Wrapping::zlib)},
                                              {"br", test::brotli(kText)},
                                              {"zstd", test::zstd(kText)}};
  for (const auto& [coding, bytes] : all)
    for (View accepts : {"", "identity", "compress"}) {
      answer("{}", accepts, coding, bytes);
      EXPECT_EQ(lines(), "Vary: Accept-Encoding\n");
      EXPECT_EQ(response().text(), kText) << coding;
    }
}

TEST_F(Decompress, LeavesAloneWhatTheClientAccepts) {
  answer("{}", "br, gzip", "gzip", gzip(kText));
  EXPECT_EQ(lines(), "Content-Encoding: gzip\nVary: Accept-Encoding\n");
  EXPECT_EQ(response().text(), gzip(kText));
}

TEST_F(Decompress, ReadsAlwaysForThoseWhoLookIn) {
  answer("{responses: always}", "gzip", "gzip", gzip(kText), {{"ETag", "\"a\""}, {"Content-Length", "9"}});
  EXPECT_EQ(lines(), "ETag: W/\"a\"\n");
  EXPECT_EQ(response().text(), kText);
}

TEST_F(Decompress, LeavesAloneWhatMustStayAsItIs) {
  using Fields = std::vector<std::pair<View, View>>;
  for (auto [status, fields] :
       std::vector<std::pair<int, Fields>>{{206, {}},
                                           {200, {{"Content-Range", "bytes 0-1/2"}}},
                                           {200, {{"Cache-Control", "no-transform"}}}}) {
    answer("{}", "", "gzip", gzip(kText), fields, status);
    EXPECT_EQ(response().text(), gzip(kText));
  }
  answer("{}", "", "gzip, br", "x");
  EXPECT_EQ(response().text(), "x");
  answer("{responses: never, requests: true}", "", "gzip", gzip(kText));
  EXPECT_EQ(response().text(), gzip(kText));
}

TEST_F(Decompress, BreaksOffWhatIsNotInItsCoding) {
  for (std::string bad : {gzip(kText).substr(0, 50), std::string("no gzip"), gzip(kText) + "more than that",
                          gzip(kText).substr(0, gzip(kText).size() - 1)}) {
    answer("{}", "", "gzip", bad);
    EXPECT_EQ(response().error, Reason::response_invalid);
  }
}

TEST_F(Decompress, BreaksOffBombs) {
  std::string zeros(10'000'000, '0');
  answer("{}", "", "gzip", gzip(zeros));
  auto whole = response();
  EXPECT_EQ(whole.error, Reason::response_invalid);
  EXPECT_LT(whole.text().size(), 2U << 20);

  answer("{max_ratio: 2000}", "", "gzip", gzip(zeros));
  EXPECT_EQ(response().text(), zeros);
  answer("{max_ratio: 2000, max_size: 9MB}", "", "gzip", gzip(zeros));
  EXPECT_EQ(response().error, Reason::response_invalid);
}

TEST_F(Decompress, BreaksOffBombsOfEveryCoding) {
  std::string zeros(10'000'000, '0');
  const std::pair<View, std::string> all[] = {{"deflate", test::compressed(zeros, Wrapping::zlib)},
                                              {"br", test::brotli(zeros)},
                                              {"zstd", test::zstd(zeros)}};
  for (const auto& [coding, bytes] : all) {
    answer("{}", "", coding, bytes);
    auto whole = response();
    EXPECT_EQ(whole.error, Reason::response_invalid) << coding;
    EXPECT_LT(whole.text().size(), 2U << 20) << coding;
    answer("{max_ratio: 1000000, max_size: 9MB}", "", coding, bytes);
    EXPECT_EQ(response().error, Reason::response_invalid) << coding;
    send("{requests: true}", coding, bytes);
    EXPECT_EQ(request().error, Reason::body_too_large) << coding;
  }
}

TEST_F(Decompress, LetsShortBodiesBeOfZeros) {
  std::string zeros(1'000'000, '0');
  answer("{}", "", "gzip", gzip(zeros));
  EXPECT_EQ(response().text(), zeros);
}

TEST_F(Decompress, ReadsRequestsIfItIsTold) {
  send("{requests: true}", "gzip", gzip(kText));
  EXPECT_EQ(test::lines(fake->request().fields), "");
  EXPECT_EQ(request().text(), kText);
  send("{}", "gzip", gzip(kText));
  EXPECT_EQ(test::lines(fake->request().fields), "Content-Encoding: gzip\nContent-Length: 1\n");
  EXPECT_EQ(request().text(), gzip(kText));
  send("{requests: true}", "gzip, gzip", gzip(gzip(kText)));
  EXPECT_EQ(request().text(), gzip(gzip(kText)));
}

TEST_F(Decompress, RefusesRequestsThatAreTooLarge) {
  send("{requests: true, max_size: 1000B}", "gzip", gzip(kText));
  EXPECT_EQ(request().error, Reason::body_too_large);
  send("{requests: true}", "br", test::brotli(std::string(10'000'000, '0')));
  EXPECT_EQ(request().error, Reason::body_too_large);
}

TEST_F(Decompress, RefusesRequestsThatAreDamaged) {
  send("{requests: true}", "gzip", gzip(kText).substr(0, 100));
  EXPECT_EQ(request().error, Reason::validation);
  send("{requests: true}", "zstd", "nonsense that is no zstd");
  EXPECT_EQ(request().error, Reason::validation);
}

TEST_F(Decompress, RefusesToDoNothing) {
  EXPECT_THAT(test::filter("decompress: {responses: never}").problems, HasSubstr("this filter does nothing"));
}

}  // namespace
}  // namespace sluice::filters::decompress_test
