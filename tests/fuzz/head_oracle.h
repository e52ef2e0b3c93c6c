// SPDX-License-Identifier: Apache-2.0
// What the head fuzzers hold against the parsers: a second, naive reading of the lines, the promises that the
// headers make, the outcome of the reference parser, and arrival in other pieces.
#pragma once
#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/base/strings.h"
#include "gateway/http/fields.h"
#include "gateway/http/h1/head_reader.h"

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

// What somebody made of the bytes: an error, or a length, which is 0 if more bytes are wanted.
template <class Head>
struct Reading {
  base::Arena arena;
  Head head{arena};
  base::Result<std::size_t> length = 0;
  http::h1::Control control;

  bool refused() const { return !length; }
  bool complete() const { return length && *length != 0; }
};

// The same fields, at the same place in the same bytes.
inline bool identical(const http::Fields& a, const http::Fields& b) {
  auto same = [](const http::Field& f, const http::Field& g) {
    return f.name.data() == g.name.data() && f.name.size() == g.name.size() && f.value == g.value &&
           (f.value.empty() || f.value.data() == g.value.data()) && f.id == g.id && f.dropped == g.dropped &&
           f.received == g.received;
  };
  return std::equal(a.lines().begin(), a.lines().end(), b.lines().begin(), b.lines().end(), same);
}

inline bool identical(const http::h1::Control& a, const http::h1::Control& b) {
  return a.framing.kind == b.framing.kind && a.framing.length == b.framing.length &&
         a.keep_alive == b.keep_alive && a.upgrade == b.upgrade && a.expect_continue == b.expect_continue &&
         a.te_trailers == b.te_trailers;
}

inline bool identical(const http::RequestHead& a, const http::RequestHead& b) {
  return a.method == b.method && a.version == b.version && a.method_text == b.method_text &&
         a.target == b.target && a.path == b.path && a.has_query == b.has_query && a.query == b.query &&
         a.authority == b.authority && a.host == b.host && identical(a.fields, b.fields);
}

inline bool identical(const http::ResponseHead& a, const http::ResponseHead& b) {
  return a.status == b.status && a.version == b.version && a.reason == b.reason &&
         identical(a.fields, b.fields);
}

template <class Head>
void check_identical(const Reading<Head>& a, const Reading<Head>& b) {
  SLUICE_ASSERT(a.refused() == b.refused());
  if (a.refused()) return;
  SLUICE_ASSERT(*a.length == *b.length);
  if (a.complete()) SLUICE_ASSERT(identical(a.control, b.control) && identical(a.head, b.head));
}

// Two pieces, at every place in inputs of ordinary size; then byte by byte, always at the same address and
// never with a byte more than has arrived. `read_into(reader, bytes, reading)` calls the reader that `make`
// returns. Refusals may name another reason than that of the whole, but refuse they must.
template <class Head, class Make, class ReadInto>
void check_pieces(std::span<const char> all, const Reading<Head>& whole, Make make, ReadInto read_into) {
  std::size_t step = all.size() / 256 + 1;
  for (std::size_t n = 1; n < all.size(); n += step) {
    Reading<Head> pieces;
    auto reader = make();
    read_into(reader, all.first(n), pieces);
    if (pieces.refused() || pieces.complete()) {
      SLUICE_ASSERT(pieces.refused() == whole.refused());
      if (pieces.complete()) check_identical(pieces, whole);
      continue;
    }
    read_into(reader, all, pieces);
    check_identical(pieces, whole);
  }
  Reading<Head> bytes;
  auto reader = make();
  for (std::size_t n = 1; n <= all.size() && !bytes.refused() && !bytes.complete(); ++n)
    read_into(reader, all.first(n), bytes);
  check_identical(bytes, whole);
}

}  // namespace sluice::fuzz
