// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/uri.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "gateway/base/hex.h"
#include "gateway/http/block.h"

namespace sluice::http {
namespace {

enum Class : std::uint8_t { ordinary, slash, dot, percent, forbidden };

constexpr bool printable(unsigned c) { return c > 0x20 && c < 0x7F; }

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> t{};
  for (unsigned c = 0; c < 256; ++c) t[c] = printable(c) ? ordinary : forbidden;
  t['/'] = slash;
  t['.'] = dot;
  t['%'] = percent;
  t['\\'] = t['#'] = t['?'] = forbidden;
  return t;
}
constexpr auto kClasses = make_classes();

std::uint8_t class_of(char c) noexcept { return kClasses[static_cast<unsigned char>(c)]; }

base::Unexpected refuse(const char* what) { return base::fail(base::Reason::bad_request, what); }

// The byte of the triplet at the front of `s`, or -1.
int triplet(std::string_view s) noexcept {
  if (s.size() < 3 || s[0] != '%') return -1;
  int high = base::hex_value(s[1]), low = base::hex_value(s[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool unreserved(int c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

// How many triplets at the front of `s` make one character beyond ASCII; 0 if they are not well-formed UTF-8
// (RFC 3629 section 4: no overlong form, no surrogate, nothing above U+10FFFF).
int utf8_length(std::string_view s) noexcept {
  int lead = triplet(s);
  int length = lead >= 0xC2 && lead <= 0xDF   ? 2
               : lead >= 0xE0 && lead <= 0xEF ? 3
               : lead >= 0xF0 && lead <= 0xF4 ? 4
                                              : 0;
  if (length == 0) return 0;
  int second = triplet(s.substr(3));
  int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (int i = 2; i < length; ++i) {
    int next =
        s.size() < static_cast<std::size_t>(3 * i) ? -1 : triplet(s.substr(static_cast<std::size_t>(3 * i)));
    if (next < 0x80 || next > 0xBF) return 0;
  }
  return length;
}

// Reads the triplets at `at`, writes them in their normal form, moves both on. Null, or what is wrong.
const char* decode(std::string_view path, std::size_t& at, char*& out, const PathOptions& options) noexcept {
  int byte = triplet(path.substr(at));
  if (byte < 0) return "a percent sign in the path is not followed by two hexadecimal digits";
  if (byte == 0) return "an encoded NUL in the path";
  if (byte == '/' && !options.encoded_slash) return "an encoded slash in the path";
  if (byte == '\\' && !options.encoded_backslash) return "an encoded backslash in the path";
  int count = 1;
  if (byte >= 0x80 && (count = utf8_length(path.substr(at))) == 0)
    return "percent-encoded bytes in the path are not well-formed UTF-8";
  for (; count > 0; --count, at += 3) {
    byte = triplet(path.substr(at));
    if (unreserved(byte)) {
      *out++ = static_cast<char>(byte);
    } else {
      out = base::write_percent_encoded(out, static_cast<unsigned char>(byte));
    }
  }
  return nullptr;
}

// Is there a "." or ".." in a segment that has more than that, where some server splits it off: before
// parameters (";"), or beside an encoded slash or backslash? Triplets are in upper case here.
bool hidden_dots(std::string_view segment) noexcept {
  bool begins = true;  // at the start of what may count as a segment
  while (!segment.empty()) {
    if (begins) {
      std::size_t dots = segment.starts_with("..") ? 2 : segment.starts_with('.') ? 1 : 0;
      std::string_view rest = segment.substr(dots);
      if (dots != 0 && (rest.empty() || rest.starts_with(';') || rest.starts_with("%3B") ||
                        rest.starts_with("%2F") || rest.starts_with("%5C")))
        return true;
    }
    begins = segment.starts_with("%2F") || segment.starts_with("%5C");
    segment.remove_prefix(begins ? 3 : 1);
  }
  return false;
}

// RFC 3986 section 5.2.4 in place; [begin, end) starts with "/". Returns the new end, or null for hidden
// dots.
char* remove_dot_segments(char* begin, char* end) noexcept {
  char* out = begin;
  for (char* in = begin; in != end;) {
    char* next = std::find(in + 1, end, '/');
    std::string_view segment(in + 1, static_cast<std::size_t>(next - in - 1));
    if (segment == "." || segment == "..") {
      if (segment.size() == 2 && out != begin) {
        do {
          --out;
        } while (*out != '/');
      }
      if (next == end) *out++ = '/';
    } else {
      if (hidden_dots(segment)) return nullptr;
      std::memmove(out, in, static_cast<std::size_t>(next - in));
      out += next - in;
    }
    in = next;
  }
  return out;
}

base::Result<std::string_view> rebuild(std::string_view path, base::Arena& arena,
                                       const PathOptions& options) {
  char* begin = arena.chars(path.size());
  char* out = begin;
  for (std::size_t at = 0; at < path.size();) {
    switch (class_of(path[at])) {
      case percent:
        if (const char* wrong = decode(path, at, out, options)) return refuse(wrong);
        break;
      case forbidden:
        return refuse(path[at] == '\\' ? "a backslash in the path"
                                       : "a character in the path that must be encoded");
      default:
        *out++ = path[at++];
    }
  }
  char* end = remove_dot_segments(begin, out);
  if (!end) return refuse("a dot segment with parameters or an encoded separator in the path");
  std::string_view normal(begin, static_cast<std::size_t>(end - begin));
  return normal == path ? path : normal;
}

}  // namespace

std::size_t clean_prefix(std::string_view path) noexcept {
  const char* p = path.data();
  std::size_t left = path.size();
  std::uint32_t after_slash = 0;  // the last byte of the block before was a slash: bit 0
  for (;;) {
    Block v = left < kBlock ? load_part(p, left) : load(p);
    std::uint32_t dots = bits(equal(v, '.')), slashes = bits(equal(v, '/'));
    Block special = equal(v, '%') | equal(v, '\\') | equal(v, '#') | equal(v, '?') | ~between(v, 0x21, 0x7E);
    std::uint32_t found = bits(special) | (dots & (slashes << 1 | after_slash));
    if (found != 0)  // at the latest the zeros behind the text
      return std::min(
          static_cast<std::size_t>(p - path.data()) + static_cast<unsigned>(std::countr_zero(found)),
          path.size());
    if (left == kBlock) return path.size();
    after_slash = slashes >> (kBlock - 1);
    p += kBlock;
    left -= kBlock;
  }
}

SplitTarget split_target(std::string_view target) noexcept {
  auto mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}, false};
  return {target.substr(0, mark), target.substr(mark + 1), true};
}

base::Result<std::string_view> normalise_path(std::string_view path, base::Arena& arena,
                                              const PathOptions& options) {
  if (!path.starts_with('/')) return refuse("the path does not start with a slash");
  if (clean_prefix(path) == path.size()) return path;
  return rebuild(path, arena, options);
}

bool valid_query(std::string_view query) noexcept {
  const char* end = query.data() + query.size();
  return find_first(query.data(), end, [](Block v) { return ~between(v, 0x21, 0x7E) | equal(v, '#'); }) ==
         end;
}

}  // namespace sluice::http
