// SPDX-License-Identifier: Apache-2.0
// What the fields of a head say about its body and its connection (RFC 9112 sections 6, 7 and 9). Private to
// the parser; the syntax of the fields has been checked, their meaning has not.
#pragma once
#include "gateway/http/h1/fault.h"
#include "gateway/http/h1/parser.h"
#include "gateway/http/semantics.h"

namespace sluice::http::h1 {

// What the Connection lines say, all of them together.
struct Options {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool te = false;
  bool indispensable = false;  // names Host, Content-Length or Transfer-Encoding
  std::uint32_t count = 0;
};

// The fields of a head and what was noticed when they were read.
struct FieldView {
  const Fields* fields = nullptr;
  FieldSet seen = 0;
  FieldSet repeated = 0;
  std::string_view host;     // of one Host line
  std::string_view coding;   // of one Transfer-Encoding line
  std::uint64_t length = 0;  // of one Content-Length line
  Options options;
  bool claims = false;      // there are unknown names that begin with "X-Forwarded-"
  bool lookalikes = false;  // there are names that are not plain (http::plain_field_name)
  bool disguised = false;   // ... and one that servers of the CGI family take for a framing field
  Version version = Version::http_1_1;

  bool has(FieldId id) const noexcept { return (seen & field_set(id)) != 0; }
  bool repeats(FieldId id) const noexcept { return (repeated & field_set(id)) != 0; }
};

// While the lines are read. False: `value` is not a list of tokens.
bool read_options(std::string_view value, Options& out) noexcept;

// Once they have been read. Each refuses what could be read in two ways.

// Framing::none if there is neither Transfer-Encoding nor Content-Length.
Fault judge_framing(const FieldView& head, Framing& out) noexcept;
// Sets keep_alive, upgrade and te_trailers.
Fault judge_connection(const FieldView& head, Control& out) noexcept;
// Sets expect_continue; refuses anything but 100-continue. After judge_framing.
Fault judge_expect(const FieldView& head, Control& out) noexcept;

}  // namespace sluice::http::h1
