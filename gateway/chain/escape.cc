// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"
#include "gateway/base/utf8.h"

namespace sluice::chain {
namespace {

using Kept = std::array<bool, 256>;

// Letters, digits and those marks.
constexpr Kept kept(std::string_view marks) {
  Kept table{};
  for (char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))
    table[static_cast<unsigned char>(c)] = true;
  for (char c : marks) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr Kept kUnreserved = kept("-._~"), kInForms = kept("*-._"), kInPaths = kept("-._~/%");

char* write_encoded(char* out, std::string_view text, const Kept& table) noexcept {
  for (char c : text) {
    if (table[static_cast<unsigned char>(c)]) {
      *out++ = c;
    } else {
      out = base::write_percent_encoded(out, static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string percent_encoded(std::string_view text, const Kept& table) {
  std::string out(text.size() * kWorstEscape, '\0');
  out.resize(static_cast<std::size_t>(write_encoded(out.data(), text, table) - out.data()));
  return out;
}

// Takes one character off the front of an encoded text.
char decode_one(std::string_view& text, bool plus) noexcept {
  char c = text.front();
  if (c == '%' && text.size() >= 3) {
    int high = base::hex_value(text[1]), low = base::hex_value(text[2]);
    if (high >= 0 && low >= 0) {
      text.remove_prefix(3);
      return static_cast<char>(high * 16 + low);
    }
  }
  text.remove_prefix(1);
  return plus && c == '+' ? ' ' : c;
}

bool same_name(std::string_view encoded, std::string_view name) noexcept {
  if (encoded == name) return true;
  for (; !encoded.empty() && !name.empty(); name.remove_prefix(1))
    if (decode_one(encoded, true) != name.front()) return false;
  return encoded.empty() && name.empty();
}

// The two-character form of RFC 8259 section 7, or 0.
char json_short(char c) noexcept {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

char* write_json_ascii(char* out, char c) noexcept {
  if (char form = json_short(c)) {
    *out++ = '\\';
    *out++ = form;
  } else if (base::is_control(c)) {
    out = write_raw(out, "\\u00");
    *out++ = base::kUpperHexDigits[static_cast<unsigned char>(c) >> 4];
    *out++ = base::kUpperHexDigits[c & 15];
  } else {
    *out++ = c;
  }
  return out;
}

}  // namespace

char* write_raw(char* out, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* write_decoded(char* out, std::string_view text, bool plus) noexcept {
  while (!text.empty()) *out++ = decode_one(text, plus);
  return out;
}

std::string_view decoded(std::string_view text, bool plus, base::Arena& arena) {
  if (text.find_first_of(plus ? "%+" : "%") == std::string_view::npos) return text;
  char* begin = arena.chars(text.size());
  return {begin, static_cast<std::size_t>(write_decoded(begin, text, plus) - begin)};
}

std::string decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  out.resize(static_cast<std::size_t>(write_decoded(out.data(), text, true) - out.data()));
  return out;
}

char* write_component(char* out, std::string_view text) noexcept {
  return write_encoded(out, text, kUnreserved);
}

std::string component(std::string_view text) { return percent_encoded(text, kUnreserved); }

std::string form_component(std::string_view text) { return percent_encoded(text, kInForms); }

char* write_path_in_query(char* out, std::string_view path) noexcept {
  return write_encoded(out, path, kInPaths);
}

char* write_field(char* out, std::string_view text) noexcept {
  for (char c : text) *out++ = base::is_control(c) ? ' ' : c;
  return out;
}

bool told_by_field(std::string_view text) noexcept {
  return base::trim(text).size() == text.size() && std::none_of(text.begin(), text.end(), base::is_control);
}

char* write_json(char* out, std::string_view text) noexcept {
  while (!text.empty()) {
    std::size_t n = base::utf8_sequence(text);
    if (n == 1) {
      out = write_json_ascii(out, text.front());
    } else {
      out = write_raw(out, n == 0 ? "\xEF\xBF\xBD" : text.substr(0, n));
    }
    text.remove_prefix(n == 0 ? 1 : n);
  }
  return out;
}

char* write_html(char* out, std::string_view text) noexcept {
  for (char c : text) {
    switch (c) {
      case '&':
        out = write_raw(out, "&amp;");
        break;
      case '<':
        out = write_raw(out, "&lt;");
        break;
      case '>':
        out = write_raw(out, "&gt;");
        break;
      case '"':
        out = write_raw(out, "&quot;");
        break;
      case '\'':
        out = write_raw(out, "&#39;");
        break;
      default:
        *out++ = base::is_control(c) && c != '\t' && c != '\n' && c != '\r' ? ' ' : c;
    }
  }
  return out;
}

char* write_sf_string(char* out, std::string_view text) noexcept {
  for (char c : text) {
    if (c == '"' || c == '\\') *out++ = '\\';
    *out++ = base::is_control(c) || static_cast<unsigned char>(c) >= 0x80 ? '?' : c;
  }
  return out;
}

std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    std::size_t equals = pair.find('=');
    if (same_name(pair.substr(0, equals), name))
      return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return std::nullopt;
}

std::string_view without_parameter(std::string_view query, std::string_view name, base::Arena& arena) {
  if (!query_parameter(query, name)) return query;
  char* begin = arena.chars(query.size());
  char* out = begin;
  each_parameter(query, [&](std::string_view pair) {
    if (query_parameter(pair, name)) return;
    if (out != begin) *out++ = '&';
    out = write_raw(out, pair);
  });
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace sluice::chain
