// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/grpc.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

struct CodeName {
  std::string_view name, number;
};
constexpr CodeName kCodes[kGrpcCodes] = {
    {"ok", "0"},
    {"cancelled", "1"},
    {"unknown", "2"},
    {"invalid_argument", "3"},
    {"deadline_exceeded", "4"},
    {"not_found", "5"},
    {"already_exists", "6"},
    {"permission_denied", "7"},
    {"resource_exhausted", "8"},
    {"failed_precondition", "9"},
    {"aborted", "10"},
    {"out_of_range", "11"},
    {"unimplemented", "12"},
    {"internal", "13"},
    {"unavailable", "14"},
    {"data_loss", "15"},
    {"unauthenticated", "16"},
};

struct Unit {
  char letter;
  base::Duration length;
};
// From the finest on.
constexpr Unit kUnits[] = {
    {'n', std::chrono::nanoseconds(1)},  {'u', std::chrono::microseconds(1)},
    {'m', std::chrono::milliseconds(1)}, {'S', std::chrono::seconds(1)},
    {'M', std::chrono::minutes(1)},      {'H', std::chrono::hours(1)},
};
constexpr std::size_t kMostDigits = 8;
constexpr std::int64_t kMostUnits = 99'999'999;
// 99999999 hours do not fit into a Duration together with the present time. Nobody waits for a century.
constexpr base::Duration kLongest = std::chrono::hours(24 * 365 * 100);

}  // namespace

std::string_view name(GrpcCode code) noexcept { return kCodes[static_cast<std::size_t>(code)].name; }
std::string_view number(GrpcCode code) noexcept { return kCodes[static_cast<std::size_t>(code)].number; }

std::optional<GrpcCode> grpc_code(std::string_view text) noexcept {
  auto n = base::parse_decimal(text);
  if (!n || *n >= kGrpcCodes) return std::nullopt;
  return static_cast<GrpcCode>(*n);
}

bool is_grpc_type(std::string_view type) noexcept {
  if (type.size() < kGrpcType.size() ||
      !base::equal_ignoring_case(type.substr(0, kGrpcType.size()), kGrpcType))
    return false;
  if (type.size() == kGrpcType.size()) return true;
  char next = type[kGrpcType.size()];
  return next == '+' || next == ';' || next == ' ' || next == '\t';
}

GrpcWebType grpc_web_type(std::string_view type) noexcept {
  auto take = [&type](std::string_view part) {
    bool there = base::equal_ignoring_case(type.substr(0, part.size()), part);
    if (there) type.remove_prefix(part.size());
    return there;
  };
  GrpcWebType out;
  if (!take(kGrpcWebType)) return out;
  out.text = take(kGrpcWebText);
  out.web = type.empty() || type.front() == '+' || type.front() == ';';
  out.rest = type;
  return out;
}

// Flag 0x80, the length, and the trailers as lines.
std::string_view grpc_web_frame(const Fields& trailers, base::Arena& arena) {
  std::size_t size = 0;
  for (const Field& line : trailers.lines())
    if (!line.dropped) size += line.name.size() + line.value.size() + 4;
  char* begin = arena.chars(5 + size);
  char* out = begin;
  *out++ = static_cast<char>(0x80);
  for (int shift = 24; shift >= 0; shift -= 8) *out++ = static_cast<char>(size >> shift);
  auto append = [&](std::string_view text) { out = std::copy(text.begin(), text.end(), out); };
  for (const Field& line : trailers.lines()) {
    if (line.dropped) continue;
    out = std::transform(line.name.begin(), line.name.end(), out, base::lower);
    append(": ");
    append(line.value);
    append("\r\n");
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::optional<base::Duration> parse_grpc_timeout(std::string_view text) noexcept {
  if (text.size() < 2 || text.size() > kMostDigits + 1) return std::nullopt;
  auto value = base::parse_decimal(text.substr(0, text.size() - 1));
  if (!value) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.letter != text.back()) continue;
    auto n = static_cast<std::int64_t>(*value);
    return n > kLongest / unit.length ? kLongest : n * unit.length;
  }
  return std::nullopt;
}

std::string_view grpc_timeout(base::Duration left, base::Arena& arena) {
  const Unit* unit = std::begin(kUnits);
  std::int64_t n = left / unit->length;
  while (n > kMostUnits) n = left / (++unit)->length;
  if (n < 1) n = 1;
  char* out = arena.chars(kMostDigits + 1);
  char* end = std::to_chars(out, out + kMostDigits, n).ptr;
  *end++ = unit->letter;
  return {out, static_cast<std::size_t>(end - out)};
}

GrpcCode grpc_code_of_status(int status) noexcept {
  switch (status) {
    case 400:
      return GrpcCode::internal;
    case 401:
      return GrpcCode::unauthenticated;
    case 403:
      return GrpcCode::permission_denied;
    case 404:
      return GrpcCode::unimplemented;
    case 429:
    case 502:
    case 503:
    case 504:
      return GrpcCode::unavailable;
    default:
      return GrpcCode::unknown;
  }
}

std::string_view grpc_message(std::string_view text, base::Arena& arena) {
  char* begin = arena.chars(3 * text.size());
  char* out = begin;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '%') {
      *out++ = c;
    } else {
      out = base::write_percent_encoded(out, byte);
    }
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

void add_grpc_status(Fields& to, const base::ReasonRow& row, std::string_view shown) {
  auto& arena = to.arena();
  to.add(kGrpcStatus, number(static_cast<GrpcCode>(row.grpc)));
  to.add(kGrpcMessage, grpc_message(arena.join(row.name, ": ", shown), arena));
}

}  // namespace sluice::http
