// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/escape.h"

#include <cstdint>
#include <cstring>

#include "gateway/base/hex.h"
#include "gateway/base/utf8.h"
#include "gateway/http/block.h"

namespace sluice::observe {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

// Not 0 if any of the eight bytes is `byte`.
constexpr std::uint64_t has_byte(std::uint64_t word, unsigned char byte) noexcept {
  std::uint64_t x = word ^ (kOnes * byte);
  return (x - kOnes) & ~x & kHighs;
}

// Are all eight bytes printable ASCII other than quote and backslash? Nearly all of a log line is.
constexpr bool plain(std::uint64_t word) noexcept {
  std::uint64_t below_space = (word - kOnes * 0x20) & ~word & kHighs;
  return ((word & kHighs) | below_space | has_byte(word, '"') | has_byte(word, '\\') |
          has_byte(word, 0x7f)) == 0;
}

constexpr bool plain(char c) noexcept { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

char* put_text(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_code(char* out, unsigned code) noexcept {
  out = put_text(out, "\\u");
  out = base::write_hex(out, static_cast<unsigned char>(code >> 8));
  return base::write_hex(out, static_cast<unsigned char>(code));
}

template <class Word>
Word load(const char* in) noexcept {
  Word word;
  std::memcpy(&word, in, sizeof word);
  return word;
}

// Calls each(offset, word) for words that together cover `text`, which has four bytes at least; the last ones
// overlap, which is cheaper than a loop over the bytes that are left. Stops, and returns false, at the first
// false.
template <class F>
bool every_word(std::string_view text, F&& each) noexcept {
  const char* in = text.data();
  std::size_t n = text.size();
  if (n < 8) return each(0, load<std::uint32_t>(in)) && each(n - 4, load<std::uint32_t>(in + n - 4));
  for (std::size_t i = 0; i + 8 < n; i += 8)
    if (!each(i, load<std::uint64_t>(in + i))) return false;
  return each(n - 8, load<std::uint64_t>(in + n - 8));
}

// Four bytes, made eight by letters.
constexpr std::uint64_t widen(std::uint32_t word) noexcept { return word | (kOnes * 'a') << 32; }
constexpr std::uint64_t widen(std::uint64_t word) noexcept { return word; }

// The same of sixteen bytes, and 0 for those that are.
http::Block not_plain(http::Block v) noexcept {
  return ~http::between(v, ' ', '~') | http::equal(v, '"') | http::equal(v, '\\');
}

// Of a text of sixteen bytes at least.
bool copy_blocks_if_plain(std::string_view text, char* out) noexcept {
  auto copy = [&](std::size_t at) {
    http::Block block = http::load(text.data() + at);
    std::memcpy(out + at, &block, sizeof block);
    return http::bits(not_plain(block)) == 0;
  };
  for (std::size_t i = 0; i + http::kBlock < text.size(); i += http::kBlock)
    if (!copy(i)) return false;
  return copy(text.size() - http::kBlock);
}

bool copy_if_plain(std::string_view text, char* out) noexcept {
  if (text.size() >= http::kBlock) return copy_blocks_if_plain(text, out);
  if (text.size() < 4) {
    for (char c : text) {
      if (!plain(c)) return false;
      *out++ = c;
    }
    return true;
  }
  return every_word(text, [out](std::size_t at, auto word) {
    std::memcpy(out + at, &word, sizeof word);
    return plain(widen(word));
  });
}

// Copies the plain bytes that `text` begins with, and takes them off it.
char* copy_plain(std::string_view& text, char* out) noexcept {
  std::size_t n = 0;
  while (n < text.size() && plain(text[n])) *out++ = text[n++];
  text.remove_prefix(n);
  return out;
}

char* put_ascii(char* out, char c) noexcept {
  switch (c) {
    case '"':
      return put_text(out, "\\\"");
    case '\\':
      return put_text(out, "\\\\");
    case '\n':
      return put_text(out, "\\n");
    case '\r':
      return put_text(out, "\\r");
    case '\t':
      return put_text(out, "\\t");
    default:
      return put_code(out, static_cast<unsigned char>(c));
  }
}

// Characters that a reader would not see but obey: U+0080 to U+009F control terminals, U+2028 and U+2029 end
// a line, U+202A to U+202E and U+2066 to U+2069 reorder what is shown. Their number, or 0.
unsigned hidden_code(std::string_view sequence) noexcept {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 2 && byte(0) == 0xc2 && byte(1) < 0xa0) return byte(1);
  if (sequence.size() != 3 || byte(0) != 0xe2 || (byte(1) != 0x80 && byte(1) != 0x81)) return 0;
  unsigned code = 0x2000u | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
  return (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ? code : 0;
}

// Writes the escaped form of what `text` begins with, which is not plain, and takes it off.
char* put_special(std::string_view& text, char* out) noexcept {
  std::size_t n = base::utf8_sequence(text);
  if (n == 0) {
    text.remove_prefix(1);
    return put_text(out, "\\ufffd");
  }
  auto sequence = text.substr(0, n);
  text.remove_prefix(n);
  if (n == 1) return put_ascii(out, sequence.front());
  if (unsigned code = hidden_code(sequence)) return put_code(out, code);
  return put_text(out, sequence);
}

}  // namespace

char* escape_json(std::string_view text, char* out) noexcept {
  if (copy_if_plain(text, out)) return out + text.size();
  for (;;) {
    out = copy_plain(text, out);
    if (text.empty()) return out;
    out = put_special(text, out);
  }
}

char* escape_hex(std::string_view text, char* out) noexcept {
  if (copy_if_plain(text, out)) return out + text.size();
  for (;;) {
    out = copy_plain(text, out);
    if (text.empty()) return out;
    auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    char escaped[] = {'\\', 'x', base::kHexDigits[byte >> 4], base::kHexDigits[byte & 15]};
    out = put_text(out, {escaped, sizeof escaped});
  }
}

bool plain_logfmt(std::string_view text) noexcept {
  if (text.size() < 4) {
    for (char c : text)
      if (!plain(c) || c == ' ' || c == '=') return false;
    return !text.empty();
  }
  return every_word(text, [](std::size_t, auto part) {
    auto word = widen(part);
    return plain(word) && (has_byte(word, ' ') | has_byte(word, '=')) == 0;
  });
}

}  // namespace sluice::observe
