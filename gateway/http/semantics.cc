// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/semantics.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "gateway/base/strings.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/uri.h"

namespace sluice::http {
namespace {

using base::Reason;

// Which routes may have them is decided when a route has been found: see routing/decide.h.
constexpr PathOptions kLetIn{.encoded_slash = true, .encoded_backslash = true};

constexpr std::uint64_t kMaxLength = std::numeric_limits<std::int64_t>::max();

// Fields that would change how a message was already framed, routed, authenticated or understood.
constexpr FieldSet kForbidden =
    kClaimsAboutClients | field_set(FieldId::age, FieldId::authorization, FieldId::cache_control,
                                    FieldId::content_encoding, FieldId::content_type, FieldId::cookie,
                                    FieldId::date, FieldId::expect, FieldId::idempotency_key,
                                    FieldId::location, FieldId::origin, FieldId::range, FieldId::retry_after,
                                    FieldId::set_cookie, FieldId::vary, FieldId::via, FieldId::x_request_id);

constexpr std::string_view kForbiddenOthers[] = {
    "content-range",       "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "expires",  "max-forwards",      "pragma",        "warning",
    "www-authenticate",
};

std::uint16_t port_or(const Authority& a, std::uint16_t missing) noexcept {
  return a.has_port ? a.port : missing;
}

void set_length(Fields& fields, std::uint64_t length) {
  const Field* field = fields.find(FieldId::content_length);
  if (field && base::parse_decimal(field->value) == length) return;
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, length).ptr;
  fields.set(FieldId::content_length, fields.arena().copy({digits, static_cast<std::size_t>(end - digits)}));
}

}  // namespace

base::Result<void> read_path_and_query(std::string_view target, RequestHead& out) {
  std::size_t clean = clean_prefix(target);
  if (clean == target.size()) {  // nearly always: nothing to split, to check or to normalise
    out.path = target;
    return {};
  }
  SplitTarget parts = split_target(target);
  if (!valid_query(parts.query))
    return base::fail(Reason::bad_request, "a character in the query that must be encoded");
  auto path = clean == parts.path.size() ? base::Result<std::string_view>(parts.path)
                                         : normalise_path(parts.path, out.fields.arena(), kLetIn);
  if (!path) return std::move(path).unexpected();
  out.path = *path;
  out.query = parts.query;
  out.has_query = parts.has_query;
  return {};
}

bool same_authority(const Authority& a, const Authority& b, std::uint16_t default_port) noexcept {
  return base::equal_ignoring_case(a.host, b.host) && port_or(a, default_port) == port_or(b, default_port);
}

bool read_length(std::string_view value, std::uint64_t& out) noexcept {
  constexpr std::size_t kSafe = 18;  // digits that cannot overflow
  if (value.empty()) return false;
  std::uint64_t length = 0;
  for (char c : value) {
    auto digit = static_cast<unsigned>(c) - '0';
    if (digit > 9) return false;
    // Leading zeros make any number of digits possible.
    if (value.size() > kSafe && length > (kMaxLength - digit) / 10) return false;
    length = length * 10 + digit;
  }
  out = length;
  return true;
}

bool looks_like_framing(std::string_view name) noexcept {
  auto like = [name](std::string_view known) {
    auto same = [](char a, char b) { return cgi_char(a) == b; };
    return std::equal(name.begin(), name.end(), known.begin(), known.end(), same);
  };
  return like("content-length") || like("transfer-encoding");
}

bool begins_with_x_forwarded(std::string_view name) noexcept {
  constexpr std::string_view kBegin = "x-forwarded-";
  auto same = [](char known, char c) { return cgi_char(c) == known; };
  return name.size() >= kBegin.size() && std::equal(kBegin.begin(), kBegin.end(), name.begin(), same);
}

void remove_claims(Fields& fields, bool believed) noexcept {
  fields.remove_all(believed ? kClaimsAboutClients & ~kTellsServices : kClaimsAboutClients);
  if (!fields.has_claims()) return;
  for (Field& line : fields.lines()) {
    if (line.id != FieldId::other || !names_forwarding(line.name)) continue;
    if (!believed || !plain_field_name(line.name)) line.dropped = true;  // no proxy writes "_"
  }
}

bool allowed_in_trailers(std::string_view name) noexcept {
  char dashes[64];
  if (!plain_field_name(name)) {
    if (name.size() > sizeof dashes) return false;
    std::transform(name.begin(), name.end(), dashes, cgi_char);
    name = {dashes, name.size()};
  }
  FieldId id = field_id(name);
  if (id != FieldId::other) return !connection_level(id) && (field_set(id) & kForbidden) == 0;
  if (names_forwarding(name)) return false;
  return std::none_of(std::begin(kForbiddenOthers), std::end(kForbiddenOthers),
                      [name](std::string_view other) { return base::equal_ignoring_case(name, other); });
}

void frame_request(RequestHead& head, const Body* body) {
  auto length = body ? body->length() : 0;
  if (!length) {
    head.fields.remove(FieldId::content_length);
  } else if (body || head.fields.has(FieldId::content_length)) {
    set_length(head.fields, *length);
  }
}

Framing::Kind frame_response(Method request, ResponseHead& head, const Body* body) {
  if (bodiless(request, head.status)) {
    if (head.status < 200 || head.status == 204) head.fields.remove(FieldId::content_length);
    auto length = body ? body->length() : std::nullopt;
    if (request == Method::head && length) set_length(head.fields, *length);
    return Framing::Kind::none;
  }
  if (!body) {
    set_length(head.fields, 0);
    return Framing::Kind::none;
  }
  if (auto length = body->length()) {
    set_length(head.fields, *length);
    return Framing::Kind::length;
  }
  head.fields.remove(FieldId::content_length);
  return Framing::Kind::chunked;
}

}  // namespace sluice::http
