// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_stream.h"

#include <gtest/gtest.h>

namespace sluice::test::fake_stream_test {
namespace {

TEST(FakeStream, SplitsTheTargetAsTheParserDoes) {
  FakeExchange fake("/a/b?c=d", "POST", "api.example.com:8080");

  EXPECT_EQ(fake.request().method, http::Method::post);
  EXPECT_EQ(fake.request().path, "/a/b");
  EXPECT_EQ(fake.request().query, "c=d");
  EXPECT_TRUE(fake.request().has_query);
  EXPECT_EQ(fake.request().authority, "api.example.com:8080");
  EXPECT_EQ(fake.request().host, "api.example.com");
  EXPECT_EQ(FakeExchange("/", "GET", "[::1]:80").request().host, "[::1]");
}

TEST(FakeStream, GivesTheBodyThatTheTestSet) {
  FakeStream stream;
  stream.will_send("hello, world");

  auto body = stream.take_body();

  ASSERT_TRUE(body);
  EXPECT_EQ(drained(*body, 3), "hello, world");
  EXPECT_EQ(FakeStream().take_body(), nullptr);
}

TEST(FakeStream, KeepsWhatWasSent) {
  FakeExchange fake;
  fake.response().status = 201;
  fake.ex.response_body = http::make_body<http::TextBody>(fake.ex.arena, "made");

  auto sent = fake.stream.send(fake.response(), fake.ex.response_body);

  EXPECT_TRUE(sent.await_ready());
  EXPECT_TRUE(fake.stream.head_sent());
  EXPECT_EQ(fake.stream.sent_status, 201);
  EXPECT_EQ(fake.stream.sent_body, "made");
}

TEST(FakeStream, ShowsTheLinesThatAreLeft) {
  FakeExchange fake;
  fake.request().fields.add("A", "1");
  fake.request().fields.add("B", "2");
  fake.request().fields.remove("a");

  EXPECT_EQ(lines(fake.request().fields), "B: 2\n");
}

}  // namespace
}  // namespace sluice::test::fake_stream_test
