// SPDX-License-Identifier: Apache-2.0
// The syntax of HTTP/1 heads, strictly as RFC 9112 sections 3 to 5 have it: no line folding, no bare carriage
// return or line feed, no space before a colon. Sixteen bytes at a time (block.h), each byte once. Private to
// parser.cc, which judges what the fields mean.
#pragma once
#include "gateway/http/h1/fault.h"
#include "gateway/http/h1/framing.h"
#include "gateway/http/head.h"

namespace sluice::http::h1 {

// Each reads from `at` on and leaves it behind what it read, or where it was if there is a fault.

// Sets method, method_text, target and version.
Fault read_request_line(const char*& at, const char* end, RequestHead& out) noexcept;
// Sets status, reason and version.
Fault read_status_line(const char*& at, const char* end, ResponseHead& out) noexcept;
// The field lines behind a start line, no more than `at_most`, and the empty line after them. With a fault,
// `out` holds the lines before the one that is wrong.
Fault read_fields(const char*& at, const char* end, std::size_t at_most, Fields& out, FieldView& view);

}  // namespace sluice::http::h1
