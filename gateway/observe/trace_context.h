// SPDX-License-Identifier: Apache-2.0
// TraceContext: the trace that a request belongs to, as its client says (W3C Trace Context). For the access
// log in all formats.
#pragma once
#include <optional>
#include <string_view>

namespace sluice::observe {

// Both ids in lower case hexadecimal digits, within the text that was read.
struct TraceContext {
  std::string_view trace_id, span_id;
  unsigned flags = 0;
};
// What a traceparent says; none for what is no valid one (W3C Trace Context, section 3.2).
std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept;

}  // namespace sluice::observe
