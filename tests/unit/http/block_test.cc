// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/block.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace sluice::http::block_test {
namespace {

std::string random_text(std::mt19937& random, std::size_t length) {
  std::string text(length, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// Memory of exactly that size, so that a sanitizer sees what is read beside it.
std::unique_ptr<char[]> exactly(const std::string& text) {
  std::unique_ptr<char[]> bytes(new char[text.size()]);
  std::copy(text.begin(), text.end(), bytes.get());
  return bytes;
}

TEST(Block, APartHoldsItsBytesAndThenZeros) {
  for (std::size_t n = 0; n < kBlock; ++n) {
    std::string text = std::string("abcdefghijklmnop").substr(0, n);
    auto bytes = exactly(text);

    Block v = load_part(bytes.get(), n);

    for (std::size_t i = 0; i < kBlock; ++i) EXPECT_EQ(v[i], i < n ? text[i] : 0) << i << " of " << n;
  }
}

TEST(Block, BitsAreTheSameWithAndWithoutTheInstruction) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    Block v = load(random_text(random, kBlock).data());
    Block truth = between(v, 0, 0x7F);

    std::uint32_t expected = 0;
    for (unsigned lane = 0; lane < kBlock; ++lane) expected |= (v[lane] < 0x80 ? 1U : 0U) << lane;
    EXPECT_EQ(bits(truth), expected);
    EXPECT_EQ(gather_bits(truth), expected);
  }
}

TEST(Block, ClassesAreWhatTheyAreCalled) {
  for (int c = 0; c < 256; ++c) {
    Block v = every(static_cast<char>(c));
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    EXPECT_EQ(bits(control(v)), (c < 0x20 && c != '\t') || c == 0x7F ? 0xFFFFU : 0U) << c;
    EXPECT_EQ(bits(letter_or_digit(v)), alnum ? 0xFFFFU : 0U) << c;
    EXPECT_EQ(bits(between(v, 0x21, 0x7E)), c >= 0x21 && c <= 0x7E ? 0xFFFFU : 0U) << c;
  }
}

TEST(Block, TheFirstIsFoundAtEveryPlaceOfEveryLength) {
  auto colon = [](Block v) { return equal(v, ':'); };
  for (std::size_t length = 0; length < 70; ++length) {
    auto none = exactly(std::string(length, 'x'));
    EXPECT_EQ(find_first(none.get(), none.get() + length, colon), none.get() + length);
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      text[at] = text[length - 1] = ':';
      auto bytes = exactly(text);
      EXPECT_EQ(find_first(bytes.get(), bytes.get() + length, colon), bytes.get() + at);
    }
  }
}

// What is wanted may be zero, of which there are some behind a part.
TEST(Block, ZerosBehindTheTextAreNotFound) {
  auto bytes = exactly("abc");

  EXPECT_EQ(find_first(bytes.get(), bytes.get() + 3, control), bytes.get() + 3);
}

}  // namespace
}  // namespace sluice::http::block_test
