// SPDX-License-Identifier: Apache-2.0
#include "tests/support/wire_case.h"

#include <gmock/gmock.h>

#include <stdexcept>

#include "tests/support/temporary_directory.h"

namespace sluice::test::wire_case_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(WireCase, HoldsWhatTheClientSends) {
  auto c = WireCase::parse("n", "# a\n> GET / HTTP/1.1\n>\n>> half\n! half-close\n! whole\n= close\n");

  EXPECT_EQ(c.about, "a\n");
  EXPECT_EQ(c.sends, "GET / HTTP/1.1\r\n\r\nhalf");
  EXPECT_TRUE(c.half_close && c.whole);
  EXPECT_FALSE(c.keep);
}

TEST(WireCase, HoldsWhatTheUpstreamSays) {
  auto c = WireCase::parse("n", "# a\n$ HTTP/1.1 200 OK\n$\n$> x\n$! close\n= keep\n");

  EXPECT_EQ(c.answer, "HTTP/1.1 200 OK\r\n\r\nx");
  EXPECT_TRUE(c.answer_closes && c.keep);
}

TEST(WireCase, TellsLocalRepliesFromResponses) {
  auto c = WireCase::parse("n",
                           "# a\n= 400 bad_request\n= 200 to HEAD\n< A: b\n<! C\n<> \n<+ T: v\n<? cut\n= 413 "
                           "body_too_large to POST\n= keep\n");

  ASSERT_THAT(c.responses, SizeIs(3));
  EXPECT_EQ(c.responses[0].status, 400);
  EXPECT_EQ(c.responses[0].reason, "bad_request");
  EXPECT_EQ(c.responses[0].body, std::nullopt);
  EXPECT_EQ(c.responses[1].method, "HEAD");
  EXPECT_EQ(c.responses[1].reason, "");
  EXPECT_THAT(c.responses[1].lines, ElementsAre("A: b"));
  EXPECT_THAT(c.responses[1].absent, ElementsAre("C"));
  EXPECT_THAT(c.responses[1].trailers, ElementsAre("T: v"));
  EXPECT_EQ(c.responses[1].body, "");
  EXPECT_TRUE(c.responses[1].cut);
  EXPECT_EQ(c.responses[2].reason, "body_too_large");
  EXPECT_EQ(c.responses[2].method, "POST");
}

TEST(WireCase, WritesOutTheLinesThatTheGatewayAdds) {
  auto c = WireCase::parse(
      "n", "# a\n^ GET /1 HTTP/1.1\n^ Host: h\n^ ...\n^> b\n^ GET /2 HTTP/1.1\n^! cut\n= keep\n");

  ASSERT_THAT(c.requests, SizeIs(2));
  EXPECT_THAT(c.requests[0].head,
              ElementsAre("GET /1 HTTP/1.1", "Host: h", "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Host: h",
                          "X-Forwarded-Proto: http", "Via: 1.1 sluice"));
  EXPECT_EQ(c.requests[0].body, "b");
  EXPECT_TRUE(c.requests[1].cut);
  c = WireCase::parse("n", "# a\n> GET /1 HTTP/1.0\n>\n^ GET /1 HTTP/1.1\n^ ...\n= keep\n");
  EXPECT_THAT(c.requests.at(0).head, testing::Contains("Via: 1.0 sluice"));
}

TEST(WireCase, ReadsEscapes) {
  EXPECT_EQ(unescaped(R"(a\r\n\t\\b)"), "a\r\n\t\\b");
  EXPECT_EQ(unescaped(R"(\0\x80\xff)"), std::string("\0\x80\xff", 3));
  EXPECT_EQ(unescaped(R"(<\{ab*3}>)"), "<ababab>");
  EXPECT_EQ(unescaped(R"(\{\r\n*2})"), "\r\n\r\n");
}

TEST(WireCase, NamesTheLineThatItDoesNotUnderstand) {
  auto complaint = [](const char* text) -> std::string {
    try {
      WireCase::parse("n", text);
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "none";
  };

  EXPECT_THAT(complaint("# a\n? x\n"), HasSubstr("n:2: unknown mark ?"));
  EXPECT_THAT(complaint("# a\n> \\q\n"), HasSubstr("n:2: an unknown escape"));
  EXPECT_THAT(complaint("# a\n= abc\n"), HasSubstr("n:2: not a number"));
  EXPECT_THAT(complaint("# a\n< A: b\n"), HasSubstr("no response"));
  EXPECT_THAT(complaint("# a\n^ A: b\n"), HasSubstr("no request line"));
  EXPECT_THAT(complaint("# a\n"), HasSubstr("neither"));
  EXPECT_THAT(complaint("= close\n"), HasSubstr("what it is about"));
}

TEST(WireCase, FindsEveryFileOfAFolder) {
  TemporaryDirectory folder;
  std::filesystem::create_directory(folder / "b");
  folder.write("b/two.wire", "# a\n= keep\n");
  folder.write("one.wire", "# a\n= close\n");
  folder.write("other.txt", "");

  auto all = WireCase::all(folder / "");

  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].name, "b/two");
  EXPECT_EQ(all[1].name, "one");
}

}  // namespace
}  // namespace sluice::test::wire_case_test
