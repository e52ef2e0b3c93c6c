// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/protobuf.h"

#include <gtest/gtest.h>

namespace sluice::http::protobuf_test {
namespace {

using namespace std::string_literals;

// The messages of the encoding guide: `int32 a = 1` with 150, `string b = 2` with "testing", `Test1 c = 3`.
TEST(ProtoWriter, WritesTheMessagesOfTheEncodingGuide) {
  EXPECT_EQ(ProtoWriter().number(1, 150).bytes(), "\x08\x96\x01"s);
  EXPECT_EQ(ProtoWriter().text(2, "testing").bytes(), "\x12\x07testing"s);
  EXPECT_EQ(ProtoWriter().message(3, ProtoWriter().number(1, 150)).bytes(), "\x1a\x03\x08\x96\x01"s);
}

TEST(ProtoWriter, LeavesOutWhatIsEmptyButForMessages) {
  EXPECT_EQ(ProtoWriter().text(1, "").number(2, 0).bytes(), "");
  EXPECT_EQ(ProtoWriter().message(1, ProtoWriter()).bytes(), "\x0a\x00"s);
  EXPECT_EQ(ProtoWriter().entry(3, "k", "").bytes(), "\x1a\x03\x0a\x01k"s);
}

TEST(ProtoWriter, WritesMinusOneInTenBytes) {
  EXPECT_EQ(ProtoWriter().number(9, ~std::uint64_t{0}).bytes(),
            "\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
}

TEST(ProtoReader, ReadsEachTypeOfField) {
  std::string bytes = "\x08\x96\x01"s + "\x12\x02hi" + "\x19" + "12345678" + "\x25" + "1234";
  ProtoReader reader(bytes);
  ProtoField f;

  ASSERT_TRUE(reader.next(f));
  EXPECT_TRUE(f.is_number(1));
  EXPECT_EQ(f.value, 150U);
  ASSERT_TRUE(reader.next(f));
  EXPECT_TRUE(f.is_bytes(2));
  EXPECT_EQ(f.bytes, "hi");
  ASSERT_TRUE(reader.next(f));
  EXPECT_FALSE(f.is_number(3) || f.is_bytes(3));
  EXPECT_EQ(f.bytes, "12345678");
  ASSERT_TRUE(reader.next(f));
  EXPECT_EQ(f.bytes, "1234");
  EXPECT_FALSE(reader.next(f));
  EXPECT_TRUE(reader.good());
}

TEST(ProtoReader, StopsAtWhatIsNoMessage) {
  for (const std::string& bytes : {"\x08"s, "\x80"s, "\x13\x00"s, "\x12\x7f!"s, "\x19\x00"s, "\x00\x00"s,
                                   "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
                                   "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s,  // 65 bits
                                   "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"s}) {
    ProtoReader reader(bytes);
    for (ProtoField f; reader.next(f);) EXPECT_LE(f.bytes.size(), bytes.size());
    EXPECT_FALSE(reader.good()) << testing::PrintToString(bytes);
  }
}

TEST(GrpcFrame, IsReadAsItWasWritten) {
  EXPECT_EQ(grpc_frame("hello"), "\0\0\0\0\x05hello"s);
  EXPECT_EQ(*grpc_unframed("\0\0\0\0\x05hello"s), "hello");
  for (const std::string& body :
       {""s, "\0\0\0\0"s, "\1\0\0\0\0"s, "\0\0\0\0\x05hell"s, "\0\0\0\0\x05hello!"s})
    EXPECT_FALSE(grpc_unframed(body)) << testing::PrintToString(body);
}

}  // namespace
}  // namespace sluice::http::protobuf_test
