// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/encoder.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/compressed.h"

namespace sluice::http::encoder_test {
namespace {

// Everything that comes of `text`, into so many bytes at a time.
std::string pushed(Encoder& encoder, std::string_view text, Push push, std::size_t room = 64) {
  std::string out;
  std::vector<char> space(room);
  for (;;) {
    auto step = encoder.encode(text, space, push);
    out.append(space.data(), step.made);
    text.remove_prefix(step.taken);
    if (step.done) return out;
  }
}

// Text that shrinks, and not to nothing.
std::string some_text(std::size_t lines) {
  std::string out;
  for (std::size_t i = 0; i < lines; ++i) out += "line " + std::to_string(i * 2654435761U) + "\n";
  return out;
}

class EncoderOf : public testing::TestWithParam<Coding> {
 protected:
  Coding coding() const { return GetParam(); }
  std::string expand(const std::string& bytes) const { return test::expanded(name(coding()), bytes); }
};

TEST_P(EncoderOf, MakesWhatDecodersRead) {
  std::string text = some_text(5000);
  for (std::size_t room : {64U, 1000U, 16384U})
    for (auto length : std::initializer_list<std::optional<std::uint64_t>>{std::nullopt, text.size(), 10}) {
      auto encoder = make_encoder(coding(), levels(coding()).usual, length);
      std::string bytes = pushed(*encoder, text, Push::finish, room);
      EXPECT_LT(bytes.size(), text.size() * 2 / 3);
      EXPECT_EQ(expand(bytes), text);
    }
}

TEST_P(EncoderOf, EncodesNothingToo) {
  auto encoder = make_encoder(coding(), levels(coding()).usual, 0);
  EXPECT_EQ(expand(pushed(*encoder, "", Push::finish)), "");
}

TEST_P(EncoderOf, GivesAllThatItTookWhenItIsFlushed) {
  auto encoder = make_encoder(coding(), levels(coding()).usual, std::nullopt);
  std::string text = some_text(100), bytes = pushed(*encoder, text, Push::none);
  EXPECT_LT(bytes.size(), 100U);
  bytes += pushed(*encoder, "", Push::flush);
  EXPECT_GT(bytes.size(), 100U);
  std::string again = pushed(*encoder, "", Push::flush);
  EXPECT_LT(again.size(), 16U);  // there was nothing more
  bytes += again + pushed(*encoder, "end", Push::finish);
  EXPECT_EQ(expand(bytes), text + "end");
}

TEST_P(EncoderOf, RemembersNothingOfTheOneBefore) {
  std::string text = some_text(1000);
  auto [least, most, usual] = levels(coding());
  std::vector<std::string> sizes;
  for (int level : {usual, least, usual}) {
    auto encoder = make_encoder(coding(), level, std::nullopt);
    if (level == least) (void)pushed(*encoder, "begun, and given up", Push::none);
    auto other = make_encoder(coding(), level, std::nullopt);
    sizes.push_back(pushed(*other, text, Push::finish));
    EXPECT_EQ(expand(sizes.back()), text);
  }
  EXPECT_EQ(sizes[0], sizes[2]);
  EXPECT_NE(sizes[0], sizes[1]);
}

INSTANTIATE_TEST_SUITE_P(All, EncoderOf, testing::Values(Coding::gzip, Coding::br, Coding::zstd),
                         [](const auto& p) { return std::string(name(p.param)); });

TEST(Encoder, IsKeptForTheNext) {
  for (Coding coding : {Coding::gzip, Coding::zstd}) {
    const Encoder* first = make_encoder(coding, 3, std::nullopt).get();
    EXPECT_EQ(make_encoder(coding, 4, std::nullopt).get(), first);
  }
}

}  // namespace
}  // namespace sluice::http::encoder_test
