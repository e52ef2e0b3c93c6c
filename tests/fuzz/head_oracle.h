// SPDX-License-Identifier: Apache-2.0
// What the head fuzzers hold against the parsers: a second, naive reading of the lines, the promises that the
// headers make, and scanning in other pieces.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/base/strings.h"
#include "gateway/http/fields.h"
#include "gateway/http/h1/head_scanner.h"

namespace sluice::fuzz {

struct Line {
  std::string_view name;
  std::string_view value;
};

// The field lines of a head by the book: lines end with CRLF, names at the first colon. Asserts that there is
// nothing in it that a strict parser must refuse.
inline std::vector<Line> naive_lines(std::string_view head) {
  std::vector<Line> lines;
  while (head.starts_with("\r\n")) head.remove_prefix(2);
  head.remove_prefix(head.find("\r\n") + 2);
  while (head != "\r\n") {
    std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(line.size() + 2);
    auto colon = line.find(':');
    SLUICE_ASSERT(colon != line.npos);
    lines.push_back({line.substr(0, colon), base::trim(line.substr(colon + 1))});
    SLUICE_ASSERT(http::valid_field_name(lines.back().name));
    SLUICE_ASSERT(http::valid_field_value(lines.back().value));
  }
  return lines;
}

inline void check_fields(std::string_view head, const http::Fields& fields) {
  auto expected = naive_lines(head);
  auto lines = fields.lines();
  SLUICE_ASSERT(lines.size() == expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    SLUICE_ASSERT(lines[i].name == expected[i].name && lines[i].value == expected[i].value);
    SLUICE_ASSERT(lines[i].id == http::field_id(lines[i].name));
    if (!lines[i].received) continue;
    std::string_view copied(lines[i].name.data(), lines[i].name.size() + lines[i].value.size() + 4);
    SLUICE_ASSERT(copied == std::string(lines[i].name) + ": " + std::string(lines[i].value) + "\r\n");
  }
}

inline bool same_lines(const http::Fields& a, const http::Fields& b) {
  auto next = [](std::span<const http::Field> lines, std::size_t& i) {
    while (i < lines.size() && lines[i].dropped) ++i;
    return i < lines.size();
  };
  std::size_t i = 0, j = 0;
  for (; next(a.lines(), i) && next(b.lines(), j); ++i, ++j)
    if (a.lines()[i].name != b.lines()[j].name || a.lines()[i].value != b.lines()[j].value) return false;
  return !next(a.lines(), i) && !next(b.lines(), j);
}

// The verdict must not depend on how the bytes arrive. Returns the length of the head, 0 if there is none.
inline std::size_t scan_in_pieces(std::span<const char> all, http::h1::Message kind) {
  http::h1::HeadLimits limits;
  auto at_once = http::h1::HeadScanner(kind, limits).scan(all);
  for (std::size_t piece : {1U, 5U}) {
    http::h1::HeadScanner scanner(kind, limits);
    for (std::size_t n = piece;; n += piece) {
      auto result = scanner.scan(all.first(std::min(n, all.size())));
      if (!result) {
        // Early refusals may name another reason than the whole line would, but refuse they must.
        SLUICE_ASSERT(!at_once);
        break;
      }
      if (*result != 0) {
        SLUICE_ASSERT(at_once && *at_once == *result);
        break;
      }
      if (n >= all.size()) {
        SLUICE_ASSERT(at_once && *at_once == 0);
        break;
      }
    }
  }
  return at_once ? *at_once : 0;
}

}  // namespace sluice::fuzz
