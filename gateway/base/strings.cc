// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/strings.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace sluice::base {

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  std::size_t i = 0;
  for (; i + 8 <= a.size(); i += 8) {
    std::uint64_t x, y;
    std::memcpy(&x, a.data() + i, 8);
    std::memcpy(&y, b.data() + i, 8);
    if (x == y) continue;
    // Letters differ in this bit alone if at all; whether they are letters is seen below.
    if ((x ^ y) & ~0x2020202020202020u) return false;
    for (std::size_t j = i; j < i + 8; ++j)
      if (lower(a[j]) != lower(b[j])) return false;
  }
  for (; i < a.size(); ++i)
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string to_lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string_view trim(std::string_view s) noexcept {
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!s.empty() && blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && blank(s.back())) s.remove_suffix(1);
  return s;
}

std::optional<std::uint64_t> parse_decimal(std::string_view s) noexcept {
  std::uint64_t v = 0;
  if (s.empty() || s.front() < '0' || s.front() > '9') return std::nullopt;
  auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), v);
  if (ec != std::errc{} || end != s.data() + s.size()) return std::nullopt;
  return v;
}

bool next_token(std::string_view& rest, std::string_view& token) noexcept {
  while (!rest.empty()) {
    auto comma = rest.find(',');
    token = trim(rest.substr(0, comma));
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    if (!token.empty()) return true;
  }
  return false;
}

bool has_token(std::string_view list, std::string_view token) noexcept {
  std::string_view t;
  while (next_token(list, t))
    if (equal_ignoring_case(t, token)) return true;
  return false;
}

namespace {

// Optimal string alignment: insert, delete, change, swap of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t change = lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  std::string_view best;
  if (word.size() > 64) return best;  // not a typing error, and the table below is quadratic
  std::size_t limit = std::min(word.size(), std::max<std::size_t>(1, word.size() / 3) + 1);
  for (auto k : known) {
    auto d = distance(word, k);
    if (d < limit) {
      limit = d;
      best = k;
    }
  }
  return best;
}

namespace {

bool match_between_stars(std::string_view glob, std::string_view text) noexcept {
  std::size_t g = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      mark = t;
    } else if (g < glob.size() && lower(glob[g]) == lower(text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

// What stands before the first star and behind the last one has its place in the text, and most texts differ
// there.
bool glob_match(std::string_view glob, std::string_view text) noexcept {
  std::size_t first = glob.find('*');
  if (first == std::string_view::npos) return equal_ignoring_case(glob, text);
  std::size_t last = glob.rfind('*');
  std::string_view head = glob.substr(0, first), tail = glob.substr(last + 1);
  if (text.size() < head.size() + tail.size()) return false;
  if (!equal_ignoring_case(text.substr(0, head.size()), head)) return false;
  if (!equal_ignoring_case(text.substr(text.size() - tail.size()), tail)) return false;
  if (first == last) return true;
  text.remove_prefix(head.size());
  text.remove_suffix(tail.size());
  return match_between_stars(glob.substr(first, last - first + 1), text);
}

}  // namespace sluice::base
