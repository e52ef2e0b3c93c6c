// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/gzip_text.h"

#include <gtest/gtest.h>

#include "tests/support/compressed.h"

namespace sluice::admin::gzip_text_test {
namespace {

TEST(GzipText, IsForThoseWhoTakeIt) {
  EXPECT_TRUE(takes_gzip("gzip"));
  EXPECT_TRUE(takes_gzip("deflate, gzip;q=0.5"));
  EXPECT_TRUE(takes_gzip("*"));
  EXPECT_FALSE(takes_gzip(""));
  EXPECT_FALSE(takes_gzip("identity"));
  EXPECT_FALSE(takes_gzip("gzip;q=0"));
  EXPECT_FALSE(takes_gzip("br, zstd"));
}

TEST(GzipText, IsTheTextWhateverItsPieces) {
  std::string text, sent;
  GzipText gzip;
  for (int i = 0; i < 3000; ++i) {
    std::string piece = "sluice_requests_total{route=\"r" + std::to_string(i * 7919 % 3001) + "\"} " +
                        std::to_string(i * 104729) + "\n";
    text += piece;
    sent += gzip.add(piece, false);
  }
  std::string large(300'000, 'x');
  sent += gzip.add(large, false);
  sent += gzip.add("", false);
  sent += gzip.add("end\n", true);

  EXPECT_EQ(test::expanded("gzip", sent), text + large + "end\n");
  EXPECT_LT(sent.size(), text.size() / 2);
}

TEST(GzipText, OfNothingIsWhole) { EXPECT_EQ(test::expanded("gzip", GzipText().add("", true)), ""); }

}  // namespace
}  // namespace sluice::admin::gzip_text_test
