// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/framing.h"

#include <algorithm>
#include <limits>

#include "gateway/base/strings.h"

namespace sluice::http::h1 {
namespace {

using base::Reason;

// More connection options than any client sends; a bound on the work of removing what they name.
constexpr int kMaxOptions = 32;
constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();

struct Options {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool te = false;
};

base::Result<void> add_option(std::string_view option, Reason ambiguous, Options& out) {
  if (base::equal_ignoring_case(option, "close")) {
    out.close = true;
    return {};
  }
  switch (field_id(option)) {
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
      return base::fail(ambiguous, "Connection names a field that the message cannot do without");
    default:
      break;
  }
  return {};
}

base::Result<Options> read_options(const FieldView& head, Reason ambiguous) {
  Options options;
  int count = 0;
  for (const Field& line : head.fields->lines()) {
    if (line.id != FieldId::connection) continue;
    std::string_view rest = line.value, option;
    while (base::next_token(rest, option)) {
      if (++count > kMaxOptions) return base::fail(ambiguous, "Connection holds too many options");
      auto added = add_option(option, ambiguous, options);
      if (!added) return std::move(added).unexpected();
    }
  }
  return options;
}

// Not just "chunked": a list of codings that ends in one "chunked" is valid but unknown here (501); all else
// leaves the end of the message in doubt (RFC 9112 sections 6.1 and 6.3).
base::Unexpected refuse_coding(std::string_view value, Reason ambiguous) {
  bool request = ambiguous == Reason::bad_request;
  auto comma = value.rfind(',');
  std::string_view last = base::trim(comma == value.npos ? value : value.substr(comma + 1));
  std::string_view before = comma == value.npos ? std::string_view{} : value.substr(0, comma);
  bool tokens = std::all_of(before.begin(), before.end(),
                            [](char c) { return token_char(c) || c == ',' || c == ' ' || c == '\t'; });
  if (tokens && base::equal_ignoring_case(last, "chunked") && !base::trim(before).empty() &&
      !base::has_token(before, "chunked"))
    return base::fail(request ? Reason::not_implemented : ambiguous, "a transfer coding other than chunked");
  return base::fail(ambiguous, "Transfer-Encoding is not exactly \"chunked\"");
}

base::Result<Framing> read_length(const FieldView& head, Reason ambiguous) {
  if (head.repeats(FieldId::content_length)) return base::fail(ambiguous, "more than one Content-Length");
  auto length = base::parse_decimal(head.fields->value(FieldId::content_length));
  if (!length) return base::fail(ambiguous, "Content-Length is not one decimal number");
  if (*length > kMaxLength) return base::fail(ambiguous, "Content-Length is too large");
  return Framing{Framing::Kind::length, *length};
}

}  // namespace

base::Result<Framing> declared_framing(const FieldView& head, Reason ambiguous) {
  bool coded = head.has(FieldId::transfer_encoding), measured = head.has(FieldId::content_length);
  if (!coded) return measured ? read_length(head, ambiguous) : Framing{};
  if (measured) return base::fail(ambiguous, "both Transfer-Encoding and Content-Length");
  if (head.version == Version::http_1_0) return base::fail(ambiguous, "Transfer-Encoding in HTTP/1.0");
  if (head.repeats(FieldId::transfer_encoding))
    return base::fail(ambiguous, "more than one Transfer-Encoding");
  std::string_view value = head.fields->value(FieldId::transfer_encoding);
  if (!base::equal_ignoring_case(value, "chunked")) return refuse_coding(value, ambiguous);
  return Framing{Framing::Kind::chunked, 0};
}

base::Result<void> read_connection(const FieldView& head, Reason ambiguous, Control& out) {
  bool modern = head.version == Version::http_1_1;
  out.keep_alive = modern;
  if (!head.has(FieldId::connection)) return {};
  auto options = read_options(head, ambiguous);
  if (!options) return std::move(options).unexpected();
  out.keep_alive = !options->close && (modern || options->keep_alive);
  out.upgrade = modern && options->upgrade && head.has(FieldId::upgrade);
  out.te_trailers = modern && options->te && base::has_token(head.fields->value(FieldId::te), "trailers");
  return {};
}

base::Result<void> read_expect(const FieldView& head, Control& out) {
  // RFC 9110 section 10.1.1: from an HTTP/1.0 client it means nothing.
  if (!head.has(FieldId::expect) || head.version == Version::http_1_0) return {};
  for (const Field& line : head.fields->lines()) {
    if (line.id == FieldId::expect && !base::equal_ignoring_case(line.value, "100-continue"))
      return base::fail(Reason::expectation, "Expect asks for something other than 100-continue");
  }
  out.expect_continue = out.framing.kind == Framing::Kind::chunked || out.framing.length > 0;
  return {};
}

bool masquerades(const Field& line) noexcept {
  constexpr std::string_view kNames[] = {"content-length", "transfer-encoding"};
  auto same = [](char a, char b) { return b == '-' ? a == '-' || a == '_' : base::lower(a) == b; };
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view name) {
    return std::equal(line.name.begin(), line.name.end(), name.begin(), name.end(), same);
  });
}

}  // namespace sluice::http::h1
