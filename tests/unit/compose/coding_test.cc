// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/coding.h"

#include <gtest/gtest.h>

#include "tests/support/compressed.h"

namespace sluice::compose::coding_test {
namespace {

using test::compressed;
using test::Wrapping;

std::string decoded(std::string_view coding, std::string_view body, std::size_t most = 1000) {
  base::Arena arena;
  http::Fields fields(arena);
  fields.add("Content-Encoding", coding);
  json::Output out;
  auto why = decode(fields, body, most, out);
  return why.empty() ? std::string(out.text()) : "! " + why;
}

TEST(Coding, DecodesGzipAndBothKindsOfDeflate) {
  for (std::string_view name : {"gzip", "GZip", "x-gzip"})
    EXPECT_EQ(decoded(name, compressed("{\"a\":1}", Wrapping::gzip)), "{\"a\":1}") << name;
  EXPECT_EQ(decoded("deflate", compressed("{\"a\":1}", Wrapping::zlib)), "{\"a\":1}");
  EXPECT_EQ(decoded("deflate", compressed("{\"a\":1}", Wrapping::none)), "{\"a\":1}");
}

TEST(Coding, DecodesBrotliAndZstd) {
  EXPECT_EQ(decoded("br", test::brotli("{\"a\":1}")), "{\"a\":1}");
  EXPECT_EQ(decoded("zstd", test::zstd("{\"a\":1}")), "{\"a\":1}");
  std::string zeros(100'000, '0');
  for (auto [name, body] : {std::pair("br", test::brotli(zeros)), std::pair("zstd", test::zstd(zeros))}) {
    EXPECT_EQ(decoded(name, body, 99'999), "! with more than 99999 bytes, decoded") << name;
    EXPECT_EQ(decoded(name, body, 100'000), zeros) << name;
  }
}

TEST(Coding, DecodesMembersOneAfterTheOther) {
  EXPECT_EQ(decoded("gzip", compressed("[1,", Wrapping::gzip) + compressed("2]", Wrapping::gzip)), "[1,2]");
}

TEST(Coding, TakesNothingForNothing) { EXPECT_EQ(decoded("gzip", ""), ""); }

TEST(Coding, StopsAtTheMostThatIsTaken) {
  std::string zeros(10'000'000, '0');
  EXPECT_EQ(decoded("gzip", compressed(zeros, Wrapping::gzip), 9'999'999),
            "! with more than 9999999 bytes, decoded");
  EXPECT_EQ(decoded("gzip", compressed(zeros, Wrapping::gzip), 10'000'000), zeros);
}

TEST(Coding, SaysWhatIsWrong) {
  std::string good = compressed(std::string(1000, 'x'), Wrapping::gzip);
  EXPECT_EQ(decoded("gzip", good.substr(0, good.size() - 9)), "! with a coding that ends too early");
  EXPECT_EQ(decoded("gzip", "no gzip"), "! with a coding that is damaged");
  EXPECT_EQ(decoded("gzip", good + "x"), "! with a coding that ends too early");
  EXPECT_EQ(decoded("deflate", compressed("1", Wrapping::zlib) + "1"),
            "! with something behind the end of its coding");
  std::string damaged = good;
  damaged[damaged.size() - 6] ^= 1;  // of the checksum
  EXPECT_EQ(decoded("gzip", damaged), "! with a coding that is damaged");
  EXPECT_EQ(decoded("compress", "x"), "! with the content coding compress");
  EXPECT_EQ(decoded("gzip, br", "x"), "! with the content coding gzip, br");
}

TEST(Coding, IsFoundInTheFields) {
  base::Arena arena;
  http::Fields fields(arena);
  EXPECT_FALSE(coded(fields));
  fields.add("content-encoding", "identity");
  EXPECT_FALSE(coded(fields));
  fields.add("Content-Encoding", "gzip");
  EXPECT_TRUE(coded(fields));
  EXPECT_EQ(coding_line(fields), "gzip");
  fields.add("Content-Encoding", "br");
  EXPECT_EQ(coding_line(fields), "gzip, br");
}

TEST(Coding, IsTheOneBesideIdentity) {
  for (std::string_view name : {"identity, gzip", "gzip, identity"})
    EXPECT_EQ(decoded(name, compressed("1", Wrapping::gzip)), "1") << name;
}

}  // namespace
}  // namespace sluice::compose::coding_test
