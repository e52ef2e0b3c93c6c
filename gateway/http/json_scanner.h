// SPDX-License-Identifier: Apache-2.0
// JsonScanner: reads a JSON text (RFC 8259) as it comes, piece by piece, and says whether it keeps within
// limits. Strict, and for that reason: where a lenient parser behind us would see a comment or a quote that
// we do not, it would see another depth too. Keeps no text, only where it stands; one allocation-free object.
#pragma once
#include <algorithm>
#include <bitset>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::http {

struct JsonLimits {
  static constexpr std::uint32_t kMostDepth = 256;
  std::uint32_t depth = 64;            // of arrays and objects in each other, at most kMostDepth
  std::uint32_t members = 10'000;      // of one object, or elements of one array
  std::uint32_t string = 1024 * 1024;  // bytes of a string as written
  std::uint32_t key = 1024;            // the same of a name in an object
  std::uint64_t values = 100'000;      // in all
};

class JsonScanner {
 public:
  // `members`: room for one number for each of limits.depth, whatever is in it. Both must outlive the scanner.
  JsonScanner(const JsonLimits& limits, std::span<std::uint32_t> members) noexcept
      : limits_(&limits), members_(members.first(std::min(limits.depth, JsonLimits::kMostDepth))) {}

  // Takes the next bytes. False once the text is no JSON or exceeds a limit: see fault().
  bool feed(std::string_view bytes) noexcept;
  // Nothing follows. False also if the text is not complete.
  bool finish() noexcept;
  // What is wrong, for people: "is nested deeper than 64"; static text, "" if nothing is.
  std::string_view fault() const noexcept { return fault_; }

 private:
  enum class State : std::uint8_t {
    value,         // one is to come
    value_or_end,  // behind [
    key_or_end,    // behind {
    key,           // behind , in an object
    colon,
    comma_or_end,
    done,
    string,
    escape,
    hex,
    literal,
    minus,
    zero,
    digits,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits
  };
  bool fail(std::string_view why) noexcept {
    fault_ = why;
    return false;
  }
  const char* skip_plain(const char* p, const char* end) noexcept;
  bool step(unsigned char c) noexcept;
  bool begin_value(unsigned char c) noexcept;
  bool open(bool object) noexcept;
  bool close(bool object) noexcept;
  bool in_string(unsigned char c) noexcept;
  bool in_number(unsigned char c) noexcept;
  bool end_number(unsigned char c) noexcept;
  bool utf8(unsigned char c) noexcept;
  void end_value() noexcept { state_ = depth_ ? State::comma_or_end : State::done; }
  bool count_member() noexcept;

  const JsonLimits* limits_;
  State state_ = State::value;
  bool is_key_ = false;
  std::uint8_t left_ = 0;                  // of an escape's digits, or bytes of a character
  std::uint8_t low_ = 0x80, high_ = 0xbf;  // what the next byte of a character may be
  std::uint32_t depth_ = 0;
  std::uint32_t size_ = 0;  // of the present string
  std::uint64_t values_ = 0;
  std::string_view literal_;
  std::string_view fault_;
  std::bitset<JsonLimits::kMostDepth> objects_;  // which of the open ones are objects
  std::span<std::uint32_t> members_;             // of the open ones
};

}  // namespace sluice::http
