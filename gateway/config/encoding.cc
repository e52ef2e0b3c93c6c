// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/encoding.h"

#include <fmt/format.h>

#include "gateway/base/utf8.h"

namespace sluice::config {

namespace {

constexpr int kMostComplaints = 5;

std::uint32_t code_point(std::string_view c) noexcept {
  auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(c[i])); };
  switch (c.size()) {
    case 1:
      return byte(0);
    case 2:
      return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3:
      return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

// YAML 1.1 breaks lines at these three, YAML 1.2 and editors do not: places would differ.
bool breaks_lines_for_some(std::uint32_t c) noexcept { return c == 0x85 || c == 0x2028 || c == 0x2029; }

bool is_control(std::uint32_t c) noexcept {
  return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7F && c < 0xA0);
}

std::string objection(std::uint32_t c) {
  if (c == 0) return "a NUL byte: this is not a text file";
  if (c == 0xFEFF) return "a byte order mark in the middle of the text";
  if (breaks_lines_for_some(c)) return fmt::format("the line separator U+{:04X}", c);
  if (is_control(c)) return fmt::format("the control character U+{:04X}", c);
  return {};
}

bool is_wide_encoding(std::string_view t) noexcept {
  if (t.size() < 2) return false;
  return t.starts_with("\xFE\xFF") || t.starts_with("\xFF\xFE") || t[0] == '\0' || t[1] == '\0';
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) noexcept {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

bool check_encoding(std::string_view text, std::uint32_t file, Diagnostics& diagnostics) {
  if (is_wide_encoding(text)) {
    diagnostics.error({file, 1, 1}, "", "the file is not UTF-8 (it looks like UTF-16)", "save it as UTF-8");
    return false;
  }
  int complaints = 0;
  Place place{file, 1, 1};
  for (std::size_t i = 0; i < text.size() && complaints < kMostComplaints;) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (c == '\n' || (c == '\r' && !(i + 1 < text.size() && text[i + 1] == '\n'))) {
      ++place.line;
      place.column = 1;
      ++i;
      continue;
    }
    std::size_t n = 1;
    if (c >= 0x7F || c < 0x20) {
      n = base::utf8_sequence(text.substr(i));
      std::string wrong = n ? objection(code_point(text.substr(i, n))) : "bytes that are not UTF-8";
      if (!wrong.empty()) {
        ++complaints;
        std::string hint = n ? "in a double-quoted text it can be written as an escape" : "save it as UTF-8";
        diagnostics.error(place, "", "the file holds " + wrong, c == 0 ? "" : hint);
      }
    }
    i += n ? n : 1;
    ++place.column;
  }
  return complaints == 0;
}

}  // namespace sluice::config
