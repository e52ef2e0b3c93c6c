// SPDX-License-Identifier: Apache-2.0
// What the fields of a head say about its body and its connection (RFC 9112 sections 6, 7 and 9). Private to
// parser.cc; the syntax of the fields has been checked, their meaning has not.
#pragma once
#include "gateway/base/result.h"
#include "gateway/http/h1/parser.h"

namespace sluice::http::h1 {

// The fields of a head and what the parser noticed about their names.
struct FieldView {
  const Fields* fields;
  FieldSet seen;
  FieldSet repeated;
  Version version;

  bool has(FieldId id) const noexcept { return (seen & field_set(id)) != 0; }
  bool repeats(FieldId id) const noexcept { return (repeated & field_set(id)) != 0; }
};

// Each refuses with `ambiguous` (bad_request or response_invalid) what could be read in two ways.

// Framing::none if there is neither Transfer-Encoding nor Content-Length.
base::Result<Framing> declared_framing(const FieldView& head, base::Reason ambiguous);
// Sets keep_alive, upgrade and te_trailers.
base::Result<void> read_connection(const FieldView& head, base::Reason ambiguous, Control& out);
// Sets expect_continue; `expectation` for anything but 100-continue. After declared_framing.
base::Result<void> read_expect(const FieldView& head, Control& out);
// A name like Content_Length, which gateways of the CGI family turn into a framing field. Known names are
// not.
bool masquerades(const Field& line) noexcept;

}  // namespace sluice::http::h1
