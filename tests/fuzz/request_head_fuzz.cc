// SPDX-License-Identifier: Apache-2.0
// Request heads: the outcome must be that of the reference parser, however the bytes arrive; whatever is
// accepted must read the same by the book, and must survive being written and read again, as a second server
// would read it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/http/authority.h"
#include "gateway/http/h1/head_reader.h"
#include "gateway/http/h1/writer.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/uri.h"

#include "tests/fuzz/head_oracle.h"
#include "tests/support/reference_parser.h"

namespace sluice {
namespace {

using http::Method;
using http::h1::Control;

void check_head(const http::RequestHead& head, const Control& control) {
  using Kind = http::Framing::Kind;
  SLUICE_ASSERT(http::valid_field_name(head.method_text));
  SLUICE_ASSERT(head.method == http::method(head.method_text));
  SLUICE_ASSERT(head.fields.count(http::FieldId::host) <= 1);
  SLUICE_ASSERT(head.version == http::Version::http_1_0 || head.fields.has(http::FieldId::host));
  SLUICE_ASSERT(control.framing.kind != Kind::until_close);
  bool coded = head.fields.has(http::FieldId::transfer_encoding);
  bool measured = head.fields.has(http::FieldId::content_length);
  SLUICE_ASSERT(!(coded && measured));
  SLUICE_ASSERT(coded == (control.framing.kind == Kind::chunked));
  SLUICE_ASSERT(measured == (control.framing.kind == Kind::length));

  base::Arena arena;
  if (head.method == Method::connect) {
    SLUICE_ASSERT(head.path.empty());
  } else if (head.path != "*") {
    auto again = http::normalise_path(head.path, arena, {.encoded_slash = true, .encoded_backslash = true});
    SLUICE_ASSERT(again && *again == head.path);
  } else {
    SLUICE_ASSERT(head.method == Method::options);
  }
  SLUICE_ASSERT(http::valid_query(head.query));
  if (!head.authority.empty()) SLUICE_ASSERT(http::parse_authority(head.authority));
  SLUICE_ASSERT(http::normalise_host(head.host, arena) == head.host);
}

// The head as it would go upstream, plus the framing that the client side adds.
std::string write(const http::RequestHead& head, const Control& control) {
  bool chunked = control.framing.kind == http::Framing::Kind::chunked;
  std::string_view extra = chunked ? "Transfer-Encoding: chunked\r\n" : "";
  auto target = http::h1::target_of(head);
  if (head.method == Method::connect) target.path = head.target;
  std::string out(http::h1::request_head_size(head, target, extra), '\0');
  char* end = http::h1::write_request_head(out.data(), head, target, extra);
  SLUICE_ASSERT(end <= out.data() + out.size());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

void check_round_trip(http::RequestHead& head, const Control& control) {
  if (!head.fields.has(http::FieldId::host)) return;  // the writer always says HTTP/1.1
  http::drop_hop_by_hop(head.fields);
  std::string written = write(head, control);

  base::Arena arena;
  http::RequestHead again(arena);
  // Even spacing may lengthen lines: the second reader has more room.
  http::HeadLimits roomy{16 * 1024, 64 * 1024, 200};
  auto n = http::h1::HeadScanner(http::h1::Message::request, roomy).scan(written);
  SLUICE_ASSERT(n && *n == written.size());
  auto second = http::h1::parse_request(written, roomy, again);
  if (!second && head.version == http::Version::http_1_0) return;  // an Expect that 1.0 ignores
  SLUICE_ASSERT(second);
  SLUICE_ASSERT(again.method_text == head.method_text && again.path == head.path &&
                again.query == head.query);
  SLUICE_ASSERT(again.has_query == head.has_query && again.host == head.host);
  SLUICE_ASSERT(second->framing.kind == control.framing.kind &&
                second->framing.length == control.framing.length);
  again.fields.remove(http::FieldId::transfer_encoding);
  SLUICE_ASSERT(fuzz::same_lines(again.fields, head.fields));
}

using Reading = fuzz::Reading<http::RequestHead>;
constexpr http::HeadLimits kLimits;

void read_into(http::h1::RequestReader& reader, std::span<const char> bytes, Reading& out) {
  out.length = reader.read(bytes, out.head);
  out.control = reader.control();
}

// By the reference parser, which the scanner tells where the head ends.
void refer(std::span<const char> all, Reading& out) {
  out.length = http::h1::HeadScanner(http::h1::Message::request, kLimits).scan(all);
  if (!out.complete()) return;
  auto control = test::reference_request(all.first(*out.length), kLimits, out.head);
  if (control) {
    out.control = *control;
  } else {
    out.length = std::move(control).unexpected();
  }
}

// parse_request alone, of bytes that nobody has scanned.
void check_unscanned(std::span<const char> all) {
  base::Arena arena;
  http::RequestHead head(arena), expected(arena);
  auto got = http::h1::parse_request(all, kLimits, head);
  auto reference = test::reference_request(all, kLimits, expected);
  SLUICE_ASSERT(got.has_value() == reference.has_value());
  if (got) SLUICE_ASSERT(fuzz::identical(*got, *reference) && fuzz::identical(head, expected));
}

void check(std::span<const char> all) {
  Reading whole, reference;
  http::h1::RequestReader reader(kLimits);
  read_into(reader, all, whole);
  refer(all, reference);
  fuzz::check_identical(whole, reference);
  if (whole.refused()) SLUICE_ASSERT(whole.length.error().reason == reference.length.error().reason);
  fuzz::check_pieces(all, whole, [] { return http::h1::RequestReader(kLimits); }, read_into);
  check_unscanned(all);

  if (whole.refused()) {
    SLUICE_ASSERT(!whole.length.error().detail.empty());
    for (char c : whole.length.error().detail) SLUICE_ASSERT(c >= 0x20 && c < 0x7F);
  }
  if (!whole.complete()) return;
  fuzz::check_fields({all.data(), *whole.length}, whole.head.fields);
  check_head(whole.head, whole.control);
  check_round_trip(whole.head, whole.control);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of the exact size: the sanitizer sees every byte read beyond it.
  std::vector<char> bytes(data, data + size);
  sluice::check(bytes);
  return 0;
}
