// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/trace_context.h"

#include <charconv>

namespace sluice::observe {
namespace {

bool is_hex(std::string_view text) noexcept {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_id(std::string_view text) noexcept {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
  // version "-" trace-id "-" parent-id "-" flags; later versions may append more.
  constexpr std::size_t kLength = 55;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
  auto version = text.substr(0, 2), flags = text.substr(53, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(flags)) return std::nullopt;
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return std::nullopt;
  TraceContext out{text.substr(3, 32), text.substr(36, 16)};
  if (!is_id(out.trace_id) || !is_id(out.span_id)) return std::nullopt;
  std::from_chars(flags.data(), flags.data() + flags.size(), out.flags, 16);
  return out;
}

}  // namespace sluice::observe
