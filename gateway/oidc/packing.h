// SPDX-License-Identifier: Apache-2.0
// Packer and Unpacker: what is put into a cookie, as bytes: numbers of eight bytes, and texts with their
// length before them. Who reads looks at good() once, at the end: what is missing reads as empty.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"

namespace sluice::oidc {

class Packer {
 public:
  explicit Packer(char kind) : out_(1, kind) {}
  Packer& number(std::uint64_t n) {
    for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>(n >> shift & 0xFF);
    return *this;
  }
  Packer& time(base::WallTime t) {
    return number(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count()));
  }
  Packer& text(std::string_view t) {
    number(t.size());
    out_ += t;
    return *this;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Unpacker {
 public:
  // `kind` is the byte that the packer was made with.
  Unpacker(std::string_view in, char kind) : rest_(in), good_(in.starts_with(kind)) {
    if (good_) rest_.remove_prefix(1);
  }
  std::uint64_t number() noexcept {
    std::uint64_t n = 0;
    for (char c : piece(8)) n = n << 8 | static_cast<unsigned char>(c);
    return n;
  }
  // Up to the year 2255; later ones are not good.
  base::WallTime time() noexcept {
    std::uint64_t seconds = number();
    if (seconds > kLatest) good_ = false;
    return base::WallTime(std::chrono::seconds(good_ ? static_cast<std::int64_t>(seconds) : 0));
  }
  std::string text() { return std::string(piece(number())); }
  // Was all there that was asked for, and nothing else?
  bool good() const noexcept { return good_ && rest_.empty(); }

 private:
  static constexpr std::uint64_t kLatest = 9'000'000'000;

  std::string_view piece(std::uint64_t size) noexcept {
    if (!good_ || size > rest_.size()) {
      good_ = false;
      return {};
    }
    auto out = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(out.size());
    return out;
  }

  std::string_view rest_;
  bool good_;
};

}  // namespace sluice::oidc
