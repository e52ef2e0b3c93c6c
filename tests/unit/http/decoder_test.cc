// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/compressed.h"

namespace sluice::http::decoder_test {
namespace {

using test::Wrapping;
using Fault = Decoder::Fault;

// What is read from `bytes`, in pieces of so many and into so much room; behind it "!" and what is wrong.
std::string decoded(Coding coding, std::string_view bytes, std::size_t piece = 1 << 20,
                    std::size_t room = 4096) {
  auto decoder = make_decoder(coding);
  std::string out;
  std::vector<char> space(room);
  while (true) {
    auto now = bytes.substr(0, piece);
    for (bool more = true; more;) {
      auto step = decoder->decode(now, space);
      out.append(space.data(), step.made);
      now.remove_prefix(step.taken);
      if (step.fault == Fault::damaged) return out + "!damaged";
      if (step.fault == Fault::trailing) return out + "!trailing";
      if (step.taken == 0 && step.made == 0 && !now.empty()) return out + "!stuck";
      more = !now.empty() || step.made == room;
    }
    bytes.remove_prefix(std::min(bytes.size(), piece));
    if (bytes.empty()) return decoder->complete() ? out : out + "!early";
  }
}

std::string some_text() {
  std::string out;
  for (unsigned i = 0; i < 3000; ++i) out += "line " + std::to_string(i * 2654435761U) + "\n";
  return out;
}

struct Sample {
  std::string name;
  Coding coding;
  std::string (*make)(std::string_view);
};
class DecoderOf : public testing::TestWithParam<Sample> {
 protected:
  std::string decode(std::string_view bytes, std::size_t piece = 1 << 20, std::size_t room = 4096) {
    return decoded(GetParam().coding, bytes, piece, room);
  }
  std::string make(std::string_view text) { return GetParam().make(text); }
};

TEST_P(DecoderOf, ReadsWhatIsCutAnywhere) {
  std::string text = some_text(), bytes = make(text);
  for (std::size_t piece : {1U, 2U, 3U, 100U, 1U << 20})
    for (std::size_t room : {64U, 4096U}) EXPECT_EQ(decode(bytes, piece, room), text) << piece << " " << room;
  EXPECT_EQ(decode(make("")), "");
  EXPECT_EQ(decode(make("x"), 1), "x");
}

TEST_P(DecoderOf, TakesNothingForNothing) { EXPECT_EQ(decode(""), ""); }

TEST_P(DecoderOf, SeesThatTheEndIsMissing) {
  std::string bytes = make(some_text());
  for (std::size_t left :
       {std::size_t{1}, std::size_t{2}, std::size_t{5}, bytes.size() / 2, bytes.size() - 1})
    EXPECT_TRUE(decode(bytes.substr(0, left)).ends_with("!early")) << left;
}

TEST_P(DecoderOf, SeesWhatIsBehindTheEnd) {
  std::string bytes = make("text");
  std::string wrong = decode(bytes + "and something else that is not part of it");
  EXPECT_TRUE(wrong.ends_with("!trailing") || wrong.ends_with("!damaged")) << wrong;
  wrong = decode(bytes + std::string(100, '\0'));
  EXPECT_TRUE(wrong.ends_with("!trailing") || wrong.ends_with("!damaged")) << wrong;
}

TEST_P(DecoderOf, SurvivesEveryDamage) {
  std::string good = make(some_text().substr(0, 2000));
  for (std::size_t i = 0; i < good.size(); ++i)
    for (char flip : {'\x01', '\x80', '\xFF'}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ flip);
      EXPECT_LT(decode(bad, 7, 64).size(), 1U << 24);
    }
}

TEST_P(DecoderOf, GivesNoMoreThanThereIsRoomFor) {
  std::string bomb = make(std::string(50'000'000, '0'));
  auto decoder = make_decoder(GetParam().coding);
  std::string_view left = bomb;
  char space[1000];
  std::size_t all = 0;
  for (std::size_t step = 1; step != 0;) {
    auto [taken, made, fault] = decoder->decode(left, space);
    ASSERT_EQ(fault, Fault::none);
    left.remove_prefix(taken);
    all += made;
    step = made;
  }
  EXPECT_EQ(all, 50'000'000U);
  EXPECT_TRUE(decoder->complete());
}

INSTANTIATE_TEST_SUITE_P(
    All, DecoderOf,
    testing::Values(Sample{"gzip", Coding::gzip,
                           [](std::string_view s) { return test::compressed(s, Wrapping::gzip); }},
                    Sample{"deflate", Coding::deflate,
                           [](std::string_view s) { return test::compressed(s, Wrapping::zlib); }},
                    Sample{"bare", Coding::deflate,
                           [](std::string_view s) { return test::compressed(s, Wrapping::none); }},
                    Sample{"br", Coding::br, [](std::string_view s) { return test::brotli(s); }},
                    Sample{"zstd", Coding::zstd, [](std::string_view s) { return test::zstd(s); }}),
    [](const auto& p) { return p.param.name; });

TEST(Decoder, ReadsMembersOneAfterTheOther) {
  std::string one = test::compressed("one ", Wrapping::gzip), two = test::compressed("two", Wrapping::gzip);
  for (std::size_t piece : {1U, 7U, 1000U}) {
    EXPECT_EQ(decoded(Coding::gzip, one + two, piece), "one two");
    EXPECT_EQ(decoded(Coding::zstd, test::zstd("one ") + test::zstd("two"), piece), "one two");
  }
  EXPECT_EQ(decoded(Coding::gzip, one + two.substr(0, 5)), "one !early");
  EXPECT_EQ(decoded(Coding::deflate, test::compressed("1", Wrapping::zlib) + "1"), "1!trailing");
}

TEST(Decoder, RefusesAWindowThatIsTooLarge) {
  // A frame of zstd with a window of 128 MiB (RFC 8878 section 3.1.1.1.2).
  EXPECT_EQ(decoded(Coding::zstd, std::string_view("\x28\xB5\x2F\xFD\x00\x88\x01\x00\x00", 9)), "!damaged");
}

TEST(Decoder, IsNoneForWhatWeDoNotKnow) {
  EXPECT_EQ(make_decoder(Coding::identity), nullptr);
  EXPECT_EQ(make_decoder(Coding::other), nullptr);
}

}  // namespace
}  // namespace sluice::http::decoder_test
