// SPDX-License-Identifier: Apache-2.0
// Response heads: the outcome must be that of the reference parser, however the bytes arrive; whatever is
// accepted reads the same by the book, has an unambiguous end, and survives being written and read again.
// Each input is read as the answer to several requests.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/http/h1/head_reader.h"
#include "gateway/http/h1/writer.h"
#include "gateway/http/hop_by_hop.h"

#include "tests/fuzz/head_oracle.h"
#include "tests/support/reference_parser.h"

namespace sluice {
namespace {

using Kind = http::Framing::Kind;

void check_head(const http::ResponseHead& head, const http::h1::Asked& asked,
                const http::h1::Control& control) {
  SLUICE_ASSERT(head.status >= 100 && head.status <= 599);
  SLUICE_ASSERT(head.status != 101 || (asked.upgrade && control.upgrade));
  bool coded = head.fields.has(http::FieldId::transfer_encoding);
  bool measured = head.fields.has(http::FieldId::content_length);
  SLUICE_ASSERT(!(coded && measured));
  Kind expected = http::bodiless(asked.method, head.status) ? Kind::none
                  : coded                                   ? Kind::chunked
                  : measured                                ? Kind::length
                                                            : Kind::until_close;
  SLUICE_ASSERT(control.framing.kind == expected);
  SLUICE_ASSERT(expected != Kind::until_close || !control.keep_alive);
}

void check_round_trip(http::ResponseHead& head, const http::h1::Asked& asked,
                      const http::h1::Control& control) {
  http::drop_hop_by_hop(head.fields);
  std::string_view extra = control.framing.kind == Kind::chunked ? "Transfer-Encoding: chunked\r\n" : "";
  if (head.status == 101) extra = "Connection: upgrade\r\nUpgrade: x\r\n";
  std::string written(http::h1::response_head_size(head, extra), '\0');
  char* end = http::h1::write_response_head(written.data(), head, extra);
  SLUICE_ASSERT(end <= written.data() + written.size());
  written.resize(static_cast<std::size_t>(end - written.data()));

  base::Arena arena;
  http::ResponseHead again(arena);
  http::HeadLimits roomy{16 * 1024, 64 * 1024, 200};
  auto n = http::h1::HeadScanner(http::h1::Message::response, roomy).scan(written);
  SLUICE_ASSERT(n && *n == written.size());
  auto second = http::h1::parse_response(written, roomy, asked, again);
  SLUICE_ASSERT(second && again.status == head.status);
  SLUICE_ASSERT(second->framing.kind == control.framing.kind &&
                second->framing.length == control.framing.length);
  again.fields.remove_all(
      http::field_set(http::FieldId::transfer_encoding, http::FieldId::connection, http::FieldId::upgrade));
  SLUICE_ASSERT(fuzz::same_lines(again.fields, head.fields));
}

using Reading = fuzz::Reading<http::ResponseHead>;
constexpr http::HeadLimits kLimits;

void refer(std::span<const char> all, const http::h1::Asked& asked, Reading& out) {
  out.length = http::h1::HeadScanner(http::h1::Message::response, kLimits).scan(all);
  if (!out.complete()) return;
  auto control = test::reference_response(all.first(*out.length), kLimits, asked, out.head);
  if (control) {
    out.control = *control;
  } else {
    out.length = std::move(control).unexpected();
  }
}

// parse_response alone, of bytes that nobody has scanned.
void check_unscanned(std::span<const char> all, const http::h1::Asked& asked) {
  base::Arena arena;
  http::ResponseHead head(arena), expected(arena);
  auto got = http::h1::parse_response(all, kLimits, asked, head);
  auto reference = test::reference_response(all, kLimits, asked, expected);
  SLUICE_ASSERT(got.has_value() == reference.has_value());
  if (got) SLUICE_ASSERT(fuzz::identical(*got, *reference) && fuzz::identical(head, expected));
}

void check(std::span<const char> all, const http::h1::Asked& asked) {
  auto read_into = [&asked](http::h1::ResponseReader& reader, std::span<const char> bytes, Reading& out) {
    out.length = reader.read(bytes, asked, out.head);
    out.control = reader.control();
  };
  Reading whole, reference;
  http::h1::ResponseReader reader(kLimits);
  read_into(reader, all, whole);
  refer(all, asked, reference);
  fuzz::check_identical(whole, reference);
  fuzz::check_pieces(all, whole, [] { return http::h1::ResponseReader(kLimits); }, read_into);
  check_unscanned(all, asked);

  if (whole.refused()) {
    SLUICE_ASSERT(whole.length.error().reason == reference.length.error().reason);
    SLUICE_ASSERT(whole.length.error().where() == base::Where::upstream);
  }
  if (!whole.complete()) return;
  fuzz::check_fields({all.data(), *whole.length}, whole.head.fields);
  check_head(whole.head, asked, whole.control);
  check_round_trip(whole.head, asked, whole.control);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  // A copy of the exact size: the sanitizer sees every byte read beyond it.
  std::vector<char> bytes(data, data + size);
  for (http::h1::Asked asked :
       {http::h1::Asked{http::Method::get, false}, http::h1::Asked{http::Method::head, false},
        http::h1::Asked{http::Method::connect, false}, http::h1::Asked{http::Method::get, true}})
    check(bytes, asked);
  return 0;
}
