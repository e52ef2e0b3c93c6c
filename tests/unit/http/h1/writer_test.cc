// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/writer.h"

#include <gtest/gtest.h>

#include "gateway/http/hop_by_hop.h"

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::writer_test {
namespace {

// Writes into a buffer of exactly the announced size, with a guard behind it.
std::string written(const RequestHead& head, const TargetParts& target, std::string_view extra = {}) {
  std::size_t room = request_head_size(head, target, extra);
  std::string out(room + 8, '#');
  auto n = static_cast<std::size_t>(write_request_head(out.data(), head, target, extra) - out.data());
  EXPECT_LE(n, room);
  EXPECT_EQ(out.substr(room), "########");
  return out.substr(0, n);
}
std::string written(const RequestHead& head, std::string_view extra = {}) {
  return written(head, target_of(head), extra);
}
std::string written(const ResponseHead& head, std::string_view extra = {}) {
  std::size_t room = response_head_size(head, extra);
  std::string out(room + 8, '#');
  auto n = static_cast<std::size_t>(write_response_head(out.data(), head, extra) - out.data());
  EXPECT_LE(n, room);
  EXPECT_EQ(out.substr(room), "########");
  return out.substr(0, n);
}

TEST(WriteRequestHead, CopiesAnUntouchedHead) {
  std::string text = "GET /a?b=c HTTP/1.1\r\nHost: a\r\nx-ODD: 1\r\nAccept: */*\r\nx-ODD: 2\r\n\r\n";
  Request r(text);

  EXPECT_EQ(written(r.head), text);
}

TEST(WriteRequestHead, WritesNamesThatWereLookedUpUnlessTheyAreNone) {
  const FieldName good("X-Tenant"), bad("X Tenant\r\nX-Other");
  Request r("GET / HTTP/1.1\r\nHost: a\r\nx-client: 1\r\n\r\n");
  r.head.fields.add(bad, "1");
  r.head.fields.add(good, "2\r\nX-Other: 3");
  r.head.fields.set(FieldName("X-Client"), "4");

  EXPECT_EQ(written(r.head), "GET / HTTP/1.1\r\nHost: a\r\nx-client: 4\r\nX-Tenant: 2  X-Other: 3\r\n\r\n");
}

TEST(WriteRequestHead, LeavesDroppedLinesOutWhereverTheyStand) {
  for (int mask = 0; mask < 32; ++mask) {
    Request r("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n");
    std::string expected = "GET / HTTP/1.1\r\n";
    auto lines = r.head.fields.lines();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      lines[i].dropped = (mask >> i & 1) != 0;
      if (!lines[i].dropped)
        expected += std::string(lines[i].name) + ": " + std::string(lines[i].value) + "\r\n";
    }

    EXPECT_EQ(written(r.head), expected + "\r\n") << mask;
  }
}

TEST(WriteRequestHead, WritesEditedAddedAndExtraLines) {
  Request r("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");
  r.head.fields.set("b", "two");
  r.head.fields.add("D", "4");
  r.head.fields.remove("A");

  EXPECT_EQ(written(r.head, "Via: 1.1 sluice\r\n"),
            "GET / HTTP/1.1\r\nHost: a\r\nB: two\r\nC: 3\r\nD: 4\r\nVia: 1.1 sluice\r\n\r\n");
}

TEST(WriteRequestHead, EvensOutOddSpacing) {
  Request r("GET / HTTP/1.1\r\nHost:a\r\nA:   1  \r\nB:\t2\r\nC:\r\nD: \r\n\r\n");

  EXPECT_EQ(written(r.head), "GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: \r\nD: \r\n\r\n");
}

TEST(WriteRequestHead, WritesTheTargetThatItIsGiven) {
  Request r("GET /a/../b?q HTTP/1.0\r\nHost: a\r\n\r\n");

  EXPECT_EQ(written(r.head), "GET /b?q HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(written(r.head, TargetParts{"/new", "", false}), "GET /new HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(written(r.head, TargetParts{"/new", "", true}), "GET /new? HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(WriteRequestHead, ATargetStaysOneWord) {
  Request r("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

  EXPECT_EQ(written(r.head, TargetParts{"/a HTTP/1.1\r\nX: y", "\tz", true}),
            "GET /a_HTTP/1.1__X:_y?_z HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(WriteRequestHead, AfterHopByHopRemovalParsesToTheSameMessage) {
  Request r(
      "GET /x HTTP/1.1\r\nConnection: close, X-Secret\r\nHost: a\r\nX-Secret: 1\r\nAccept:*/*\r\nTE: "
      "trailers\r\n\r\n");
  drop_hop_by_hop(r.head.fields);

  Request again(written(r.head));

  ASSERT_TRUE(again.verdict) << again.detail();
  EXPECT_EQ(lines_of(again.head.fields), lines_of(r.head.fields));
  EXPECT_EQ(lines_of(again.head.fields), (std::vector<std::string>{"Host: a", "Accept: */*"}));
}

TEST(WriteLine, CannotBeMadeToWriteTwoLines) {
  base::Arena arena;
  ResponseHead head(arena);
  head.status = 200;
  head.fields.add("X-A", "1\r\nSet-Cookie: evil=1");
  head.fields.add("X-B\r\nX-C", "2");
  head.fields.add("", "3");
  head.fields.add("X D", "4");
  head.fields.add("X-E", std::string_view("a\0b\tc", 5));

  EXPECT_EQ(written(head), "HTTP/1.1 200 OK\r\nX-A: 1  Set-Cookie: evil=1\r\nX-E: a b\tc\r\n\r\n");
}

TEST(WriteResponseHead, WritesTheReasonAsReceivedOrTheStandardOne) {
  Response r("HTTP/1.0 404 Gone Fishing\r\nServer: x\r\n\r\n");
  EXPECT_EQ(written(r.head), "HTTP/1.1 404 Gone Fishing\r\nServer: x\r\n\r\n");

  r.head.reason = {};
  EXPECT_EQ(written(r.head, "Date: d\r\n"), "HTTP/1.1 404 Not Found\r\nServer: x\r\nDate: d\r\n\r\n");

  r.head.status = 599;
  EXPECT_EQ(written(r.head), "HTTP/1.1 599 \r\nServer: x\r\n\r\n");
}

TEST(WriteResponseHead, NeverWritesAnInvalidStatusLine) {
  base::Arena arena;
  ResponseHead head(arena);
  for (int status : {0, -1, 99, 1000}) {
    head.status = status;
    EXPECT_EQ(written(head), "HTTP/1.1 500 Internal Server Error\r\n\r\n");
  }
  head.status = 200;
  head.reason = "a\r\nb: c";
  EXPECT_EQ(written(head), "HTTP/1.1 200 a  b: c\r\n\r\n");
}

TEST(WriteLines, LinesOfTwoHeadsAreNotTakenForOneRun) {
  // Two heads behind each other in one buffer, as pipelining leaves them.
  std::string both = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\nX: 1\r\n\r\n";
  base::Arena arena;
  RequestHead first(arena), second(arena);
  HeadLimits limits;
  ASSERT_TRUE(parse_request(bytes(both).first(27), limits, first));
  ASSERT_TRUE(parse_request(bytes(both).subspan(27), limits, second));
  for (const Field& f : second.fields.lines()) first.fields.add_received(f.name, f.value, f.id);

  EXPECT_EQ(written(first), "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX: 1\r\n\r\n");
}

}  // namespace
}  // namespace sluice::http::h1::writer_test
