// SPDX-License-Identifier: Apache-2.0
// Padded: a text in memory as scan.h wants it, at the end of its block, so that a sanitizer sees what is read
// behind the padding.
#pragma once
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "gateway/json/scan.h"

namespace sluice::json {

class Padded {
 public:
  explicit Padded(std::string_view text, char behind = '\0')
      : bytes_(new char[text.size() + kPadding]), size_(text.size()) {
    text.copy(bytes_.get(), size_);
    std::fill_n(bytes_.get() + size_, kPadding, behind);
  }
  operator std::string_view() const { return {bytes_.get(), size_}; }  // NOLINT: a text
  std::string_view text() const { return *this; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

// A value at random: all types, names and strings with all that may stand in them, white space anywhere.
class RandomJson {
 public:
  explicit RandomJson(unsigned seed) : random_(seed) {}

  std::string value(unsigned depth = 0) {
    switch (below(depth > 5 ? 5 : 8)) {
      case 0:
        return below(2) ? "true" : "false";
      case 1:
        return "null";
      case 2:
        return pick({"0", "-1", "12.50", "1e400", "-0.0E-7", "123456789012345678901234567890"});
      case 3:
      case 4:
        return string();
      case 5:
        return container('[', ']', depth);
      default:
        return container('{', '}', depth);
    }
  }
  std::size_t below(std::size_t n) { return random_() % n; }

 private:
  std::string pick(std::initializer_list<std::string_view> all) {
    return std::string(all.begin()[below(all.size())]);
  }
  std::string space() { return pick({"", "", "", " ", "\n  ", "\t\r\n"}); }
  std::string string() {
    std::string out = "\"";
    for (std::size_t n = below(below(8) ? 6 : 40); n > 0; --n)
      out += pick({"a", "b", "key", "\\\"", "\\\\", "\\n", "\\u00e4", "\\ud83d\\ude00", "\xC3\xA4", "{", "}",
                   "[", "]", ",", ":", "\xF0\x9F\x98\x80", "               "});
    return out + "\"";
  }
  std::string container(char open, char close, unsigned depth) {
    std::string out = open + space();
    for (std::size_t n = below(6); n > 0; --n) {
      if (open == '{') out += string() + space() + ":" + space();
      out += value(depth + 1) + space() + (n > 1 ? "," + space() : "");
    }
    return out + close;
  }

  std::mt19937 random_;
};

}  // namespace sluice::json
