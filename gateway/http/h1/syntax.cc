// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/syntax.h"

#include <algorithm>
#include <cstring>

#include "gateway/base/ascii.h"
#include "gateway/http/block.h"
#include "gateway/http/field_table.h"

namespace sluice::http::h1 {
namespace {

// Names whose value says where the message ends or how the connection goes on.
constexpr FieldSet kJudged = field_set(FieldId::host, FieldId::connection, FieldId::proxy_connection,
                                       FieldId::content_length, FieldId::transfer_encoding);

std::string_view view(const char* begin, const char* end) noexcept {
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool blank(char c) noexcept { return c == ' ' || c == '\t'; }

bool starts_with(const char* p, const char (&text)[5]) noexcept { return std::memcmp(p, text, 4) == 0; }

// `at` at "HTTP/1.x".
bool read_version(const char* at, Version& out) noexcept {
  if (std::memcmp(at, "HTTP/1.", 7) != 0 || (at[7] != '1' && at[7] != '0')) return false;
  out = at[7] == '1' ? Version::http_1_1 : Version::http_1_0;
  return true;
}

[[gnu::noinline]] const char* find_control(const char* p, const char* end) noexcept {
  return find_first(p, end, [](Block v) { return control(v); });
}

// What a control character at `at` makes of a line that does not go on there as it should.
Fault spoiled(const char* at, const char* end, Fault fault) noexcept {
  at = find_control(at, end);
  if (at == end) return Fault::incomplete;
  if (*at != '\r') return fault;
  return end - at < 2 || at[1] == '\n' ? Fault::incomplete : Fault::line_end;
}

// There is no colon in [at, end).
Fault bad_name(const char* at, const char* end) noexcept {
  return std::find_if_not(at, end, token_char) == end ? Fault::incomplete : Fault::name;
}

// Where a value or reason phrase ends, if not before: the first control character, TAB or byte beyond ASCII
// of [p, end). Two blocks a step; what is rare and harmless is left to find_control.
inline const char* find_suspect(const char* p, const char* end) noexcept {
  using Signed = signed char __attribute__((vector_size(16)));
  auto innocent = [](Block v) {
    // Adding one makes DEL the lowest number of all and leaves the control characters low.
    auto moved = reinterpret_cast<Signed>(v + every(1));
    return bits(reinterpret_cast<Block>(moved > reinterpret_cast<Signed>(every(0x20))));
  };
  constexpr std::ptrdiff_t kStep = 2 * kBlock;
  for (; end - p >= kStep; p += kStep) {
    std::uint32_t found = ~(innocent(load(p)) | innocent(load(p + kBlock)) << kBlock);
    if (found != 0) return p + first_bit(found);
  }
  return find_control(p, end);
}

// Behind the blanks that follow the colon, which may be missing.
const char* skip_blanks(const char* colon, const char* end) noexcept {
  return colon == end ? end : std::find_if_not(colon + 1, end, blank);
}

// `end` of a value without the blanks before it.
const char* trim_end(const char* begin, const char* end) noexcept {
  while (end != begin && blank(end[-1])) --end;
  return end;
}

bool line_end(const char* p) noexcept { return std::memcmp(p, "\r\n", 2) == 0; }
bool head_end(const char* p) noexcept { return std::memcmp(p, "\r\n\r\n", 4) == 0; }
bool above_space(char c) noexcept { return static_cast<unsigned char>(c) > ' '; }

// Takes one field line after the other. They collect in the memory of `out` and count when it is settled.
class FieldReader {
 public:
  FieldReader(const char* end, std::size_t at_most, Fields& out, FieldView& noticed)
      : end_(end), out_(out), noticed_(noticed), left_(at_most) {
    make_room();
  }

  // The loop of loops: what is rare is called, what is not stands here, with its variables in registers.
  Fault read(const char*& at) {
    const char *p = at, *const end = end_;
    if (end - p >= 2 && line_end(p)) {
      at = p + 2;
      return Fault::none;
    }
    Field* to = to_;
    FieldSet seen = 0;
    Fault fault = Fault::none;
    for (;;) {
      // 1. The name: a known one is a token for that.
      auto left = static_cast<std::size_t>(end - p);
      Block first = left < kBlock ? load_part(p, left) : load(p);
      std::uint32_t colons = bits(equal(first, ':'));
      const char* colon = colons != 0 ? p + first_bit(colons) : far_colon(p, end);
      FieldId id = kFieldTable.find_in_head(first, p, static_cast<std::size_t>(colon - p));
      if (id == FieldId::other && (fault = unknown(p, colon)) != Fault::none) break;
      // 2. The value, most often after exactly one space.
      const char* begin = colon + 2;
      bool plain = true;
      if (end - colon <= 2 || colon[1] != ' ' || !above_space(*begin)) {
        begin = skip_blanks(colon, end);
        plain = begin == colon + 2 && begin[-1] == ' ';
      }
      const char* stop = find_suspect(begin, end);
      if (end - stop < 4) {  // what ends here cannot be followed by the empty line
        fault = spoiled(stop, end, Fault::value);
        break;
      }
      if (!line_end(stop)) {
        stop = find_control(stop, end);
        if (end - stop < 4 || !line_end(stop)) {
          fault = spoiled(stop, end, Fault::value);
          break;
        }
      }
      const char* last = stop;
      if (!above_space(stop[-1])) {
        last = trim_end(begin, stop);
        plain = plain && last == stop;
      }
      // 3. What the gateway must know of it, and its place in the table.
      if ((kJudged >> static_cast<unsigned>(id) & 1) != 0) {
        noticed_.repeated |= seen & field_set(id);
        if ((fault = take(id, view(begin, last))) != Fault::none) break;
      }
      if (to == full_) {
        to_ = to;
        if (!make_room()) {
          fault = Fault::too_many;
          break;
        }
        to = to_;
      }
      seen |= field_set(id);
      std::construct_at(to++, view(p, colon), view(begin, last), id, false, plain);
      p = stop + 2;
      if (head_end(stop)) {
        at = p + 2;
        break;
      }
    }
    to_ = to;
    settle();
    out_.added(0, seen);
    noticed_.seen = seen & ~field_set(FieldId::other);
    return fault;
  }

 private:
  [[gnu::noinline]] static const char* far_colon(const char* p, const char* end) noexcept {
    return find_first(p, end, [](Block v) { return equal(v, ':'); });
  }

  [[gnu::noinline]] Fault unknown(const char* p, const char* colon) noexcept {
    if (p != end_ && *p == '\r') return spoiled(p, end_, Fault::name);
    if (colon == end_) return bad_name(p, end_);
    std::string_view name = view(p, colon);
    noticed_.claims |= names_forwarding(name);
    if (plain_field_name(name)) return Fault::none;
    if (!valid_field_name(name)) return Fault::name;
    noticed_.lookalikes = true;
    noticed_.disguised |= disguised(name);
    return Fault::none;
  }

  Fault take(FieldId id, std::string_view value) noexcept {
    switch (id) {
      case FieldId::host:
        noticed_.host = value;
        return Fault::none;
      case FieldId::content_length:
        return read_length(value, noticed_.length) ? Fault::none : Fault::length;
      case FieldId::transfer_encoding:
        noticed_.coding = value;
        return Fault::none;
      case FieldId::connection:
        return read_options(value, noticed_.options) ? Fault::none : Fault::options;
      default: {
        Options nobody_asks;  // Proxy-Connection: as strictly read, then removed
        return read_options(value, nobody_asks) ? Fault::none : Fault::options;
      }
    }
  }

  // The lines that have been read count from here on.
  void settle() noexcept {
    auto count = static_cast<std::size_t>(to_ - from_);
    out_.added(count, 0);
    left_ -= count;
    from_ = to_;
  }
  // False: there may not be another line.
  bool make_room() {
    settle();
    auto room = out_.room();
    from_ = to_ = room.data();
    full_ = to_ + std::min(room.size(), left_);
    return to_ != full_;
  }

  const char* end_;
  Fields& out_;
  FieldView& noticed_;
  std::size_t left_;  // lines that may still come after those between from_ and to_
  Field* from_ = nullptr;
  Field* to_ = nullptr;
  Field* full_ = nullptr;
};

}  // namespace

Fault read_request_line(const char*& at, const char* end, RequestHead& out) noexcept {
  const char* p = at;
  if (static_cast<std::size_t>(end - p) < kBlock) return Fault::incomplete;
  if (starts_with(p, "GET ")) {
    out.method = Method::get;
    out.method_text = view(p, p + 3);
    p += 4;
  } else {
    const char* space = std::find_if_not(p, end, token_char);
    if (space == end) return Fault::incomplete;
    if (*space != ' ' || space == p) return Fault::method;
    out.method_text = view(p, space);
    out.method = method(out.method_text);
    p = space + 1;
  }
  const char* space = find_first(p, end, [](Block v) { return between(v, 0, ' ') | equal(v, 0x7F); });
  if (space == end) return Fault::incomplete;
  if (*space != ' ' || space == p) return Fault::target;
  out.target = view(p, space);
  p = space + 1;
  if (end - p < 10) return Fault::incomplete;
  if (!read_version(p, out.version) || p[8] != '\r' || p[9] != '\n') return Fault::version;
  at = p + 10;
  return Fault::none;
}

Fault read_status_line(const char*& at, const char* end, ResponseHead& out) noexcept {
  const char* p = at;
  if (static_cast<std::size_t>(end - p) < kBlock) return Fault::incomplete;
  if (!read_version(p, out.version) || p[8] != ' ') return Fault::version;
  if (!base::is_digit(p[9]) || !base::is_digit(p[10]) || !base::is_digit(p[11]) || p[12] != ' ')
    return Fault::status;
  out.status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
  p += 13;
  const char* stop = find_control(p, end);
  if (end - stop < 2 || !line_end(stop)) return spoiled(stop, end, Fault::reason);
  out.reason = view(p, stop);
  at = stop + 2;
  return Fault::none;
}

Fault read_fields(const char*& at, const char* end, std::size_t at_most, Fields& out, FieldView& noticed) {
  noticed.fields = &out;
  return FieldReader(end, at_most, out, noticed).read(at);
}

}  // namespace sluice::http::h1
