// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/framing.h"

#include <algorithm>

#include "gateway/base/strings.h"

namespace sluice::http::h1 {
namespace {

// More connection options than any client sends; a bound on the work of removing what they name.
constexpr std::uint32_t kMaxOptions = 32;

void add_option(std::string_view option, FieldId id, Options& out) noexcept {
  ++out.count;
  switch (id) {
    case FieldId::keep_alive:
      out.keep_alive = true;
      break;
    case FieldId::upgrade:
      out.upgrade = true;
      break;
    case FieldId::te:
      out.te = true;
      break;
    case FieldId::content_length:
    case FieldId::host:
    case FieldId::transfer_encoding:
      out.indispensable = true;
      break;
    case FieldId::other:
      out.close |= base::equal_ignoring_case(option, "close");
      break;
    default:
      break;
  }
}

// Not just "chunked": a list of codings that ends in one "chunked" is valid but unknown here (501); all else
// leaves the end of the message in doubt (RFC 9112 sections 6.1 and 6.3).
Fault refused_coding(std::string_view value) noexcept {
  auto comma = value.rfind(',');
  std::string_view last = base::trim(comma == value.npos ? value : value.substr(comma + 1));
  std::string_view before = comma == value.npos ? std::string_view{} : value.substr(0, comma);
  bool tokens = std::all_of(before.begin(), before.end(),
                            [](char c) { return token_char(c) || c == ',' || c == ' ' || c == '\t'; });
  bool list = tokens && base::equal_ignoring_case(last, "chunked") && !base::trim(before).empty() &&
              !base::has_token(before, "chunked");
  return list ? Fault::unknown_coding : Fault::coding;
}

}  // namespace

bool read_options(std::string_view value, Options& out) noexcept {
  std::string_view option;
  if (FieldId id = field_id(value); id != FieldId::other) {  // most often: one word
    add_option(value, id, out);
    return true;
  }
  while (base::next_token(value, option)) {
    if (!valid_field_name(option)) return false;
    add_option(option, field_id(option), out);
  }
  return true;
}

Fault judge_framing(const FieldView& head, Framing& out) noexcept {
  bool coded = head.has(FieldId::transfer_encoding), measured = head.has(FieldId::content_length);
  if (!coded) {
    if (!measured) return Fault::none;
    if (head.repeats(FieldId::content_length)) return Fault::two_lengths;
    out = {Framing::Kind::length, head.length};
    return Fault::none;
  }
  if (measured) return Fault::length_and_coding;
  if (head.version == Version::http_1_0) return Fault::old_coding;
  if (head.repeats(FieldId::transfer_encoding)) return Fault::two_codings;
  if (!base::equal_ignoring_case(head.coding, "chunked")) return refused_coding(head.coding);
  out = {Framing::Kind::chunked, 0};
  return Fault::none;
}

Fault judge_connection(const FieldView& head, Control& out) noexcept {
  bool modern = head.version == Version::http_1_1;
  out.keep_alive = modern;
  if (!head.has(FieldId::connection)) return Fault::none;
  const Options& options = head.options;
  if (options.indispensable) return Fault::indispensable;
  if (options.count > kMaxOptions) return Fault::too_many_options;
  out.keep_alive = !options.close && (modern || options.keep_alive);
  out.upgrade = modern && options.upgrade && head.has(FieldId::upgrade);
  out.te_trailers = modern && options.te && base::has_token(head.fields->value(FieldId::te), "trailers");
  return Fault::none;
}

Fault judge_expect(const FieldView& head, Control& out) noexcept {
  // RFC 9110 section 10.1.1: from an HTTP/1.0 client it means nothing.
  if (!head.has(FieldId::expect) || head.version == Version::http_1_0) return Fault::none;
  for (const Field& line : head.fields->lines())
    if (line.id == FieldId::expect && !base::equal_ignoring_case(line.value, "100-continue"))
      return Fault::expectation;
  out.expect_continue = out.framing.kind == Framing::Kind::chunked || out.framing.length > 0;
  return Fault::none;
}

}  // namespace sluice::http::h1
