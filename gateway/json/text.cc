// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/text.h"

#include <algorithm>

#include "gateway/base/assert.h"
#include "gateway/base/hex.h"
#include "gateway/base/utf8.h"
#include "gateway/json/scan.h"

namespace sluice::json {

void Output::reserve(std::size_t more) {
  constexpr std::size_t kLeast = 256;
  std::size_t wanted = std::max({size_ + more, 2 * room_, kLeast});
  auto* moved = static_cast<char*>(std::realloc(bytes_.get(), wanted + kPadding));
  SLUICE_ASSERT(moved != nullptr);
  (void)bytes_.release();
  bytes_.reset(moved);
  room_ = wanted;
}

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool plain_ascii(unsigned char c) noexcept { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

}  // namespace

void Output::escape(std::string_view text) {
  while (!text.empty()) {
    auto n = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(),
                         [](char c) { return plain_ascii(static_cast<unsigned char>(c)); }) -
        text.begin());
    *this << text.substr(0, n);
    text.remove_prefix(n);
    if (text.empty()) return;
    auto c = static_cast<unsigned char>(text.front());
    if (c >= 0x80) {
      std::size_t length = base::utf8_sequence(text);
      *this << (length ? text.substr(0, length) : kReplacement);
      text.remove_prefix(std::max<std::size_t>(length, 1));
      continue;
    }
    constexpr std::string_view kFrom = "\"\\\n\r\t\b\f", kTo = "\"\\nrtbf";
    if (auto i = kFrom.find(static_cast<char>(c)); i != std::string_view::npos) {
      *this << '\\' << kTo[i];
    } else {
      *this << "\\u00" << base::kHexDigits[c >> 4] << base::kHexDigits[c & 15];
    }
    text.remove_prefix(1);
  }
}

namespace {

unsigned hex4(const char* at) noexcept {
  unsigned out = 0;
  for (int i = 0; i < 4; ++i) {
    char c = at[i];
    out = out * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return out;
}

// `at` is behind "\u"; moves it behind all digits that belong to the character.
unsigned character(const char*& at, const char* end) noexcept {
  constexpr unsigned kUnknown = 0xFFFD;
  unsigned c = hex4(at);
  at += 4;
  if (c < 0xD800 || c > 0xDFFF) return c;
  bool pair = c < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u';
  if (!pair) return kUnknown;
  unsigned low = hex4(at + 2);
  if (low < 0xDC00 || low > 0xDFFF) return kUnknown;
  at += 6;
  return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

// Never longer than `raw`.
char* write_unescaped(char* out, std::string_view raw) noexcept {
  const char* at = raw.data();
  const char* end = at + raw.size();
  while (at < end) {
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    char c = at[1];
    at += 2;
    constexpr std::string_view kFrom = "nrtbf", kTo = "\n\r\t\b\f";
    if (c == 'u') {
      out = base::encode_utf8(out, character(at, end));
    } else {
      auto i = kFrom.find(c);
      *out++ = i == std::string_view::npos ? c : kTo[i];
    }
  }
  return out;
}

}  // namespace

std::string_view unescaped(std::string_view raw, base::Arena& arena) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  char* begin = arena.chars(raw.size());
  return {begin, static_cast<std::size_t>(write_unescaped(begin, raw) - begin)};
}

bool says(std::string_view raw, std::string_view name) {
  if (raw == name) return raw.find('\\') == std::string_view::npos;
  if (raw.size() <= name.size() || raw.find('\\') == std::string_view::npos) return false;
  std::string text(raw.size(), '\0');
  text.resize(static_cast<std::size_t>(write_unescaped(text.data(), raw) - text.data()));
  return text == name;
}

std::string_view plain(std::string_view value, base::Arena& arena) {
  if (!is(value, Type::string)) return value;
  return unescaped(value.substr(1, value.size() - 2), arena);
}

std::string quoted(std::string_view text) {
  Output out;
  out << '"';
  out.escape(text);
  out << '"';
  return std::string(out.text());
}

}  // namespace sluice::json
