// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/heads.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/http/block.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/semantics.h"

namespace sluice::http::h2 {

using base::Reason;
using base::Result;

namespace {

constexpr std::size_t kLineExtra = 4;  // ": " and CRLF, as an HTTP/1 head counts
// A head this many times over the limit is an attack: it is not even read to its end.
constexpr std::size_t kHopeless = 4;

// RFC 9113 section 8.2.2.
constexpr FieldSet kConnectionSpecific =
    field_set(FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection, FieldId::transfer_encoding,
              FieldId::upgrade);

bool has_upper_case(std::string_view name) noexcept {
  const char* end = name.data() + name.size();
  return find_first(name.data(), end, [](Block v) { return between(v, 'A', 'Z'); }) != end;
}

}  // namespace

void SectionReader::refuse(Reason reason, std::string_view detail) {
  if (failed_) return;
  failed_ = true;
  reason_ = reason;
  detail_ = out_->arena().copy(detail);
}

Result<void> SectionReader::outcome() const {
  if (failed_) return base::fail(reason_, std::string(detail_));
  return {};
}

bool SectionReader::add(std::string_view name, std::string_view value) {
  ++lines_;
  size_ += name.size() + value.size() + kLineExtra;
  bool small = size_ <= limits_->head && lines_ <= limits_->fields + none;  // pseudo-header fields are extra
  if (!small) {
    refuse(fault_ == Reason::bad_request ? Reason::header_too_large : fault_,
           size_ > limits_->head ? "the head is too long" : "too many field lines");
    return size_ <= kHopeless * limits_->head && lines_ <= kHopeless * limits_->fields + none;
  }
  if (failed_) return true;
  if (name.starts_with(':')) {
    add_pseudo(name, value);
  } else {
    add_field(name, value);
  }
  return true;
}

void SectionReader::add_pseudo(std::string_view name, std::string_view value) {
  static constexpr std::string_view kNames[] = {":method", ":scheme",   ":authority",
                                                ":path",   ":protocol", ":status"};
  auto found = std::find(std::begin(kNames), std::end(kNames), name);
  auto which = static_cast<Pseudo>(found - std::begin(kNames));
  if (which == none || (allowed_ & 1U << which) == 0) return malform("an unknown pseudo-header field");
  if (regular_) return malform("a pseudo-header field after other fields");
  if (has(which)) return malform("a pseudo-header field twice");
  if (has_control_but_tab(value) || value.find(' ') != value.npos || value.find('\t') != value.npos)
    return malform("a pseudo-header field with a space or control character");
  seen_ |= static_cast<std::uint8_t>(1U << which);
  pseudo_[which] = out_->arena().copy(value);
}

void SectionReader::add_field(std::string_view name, std::string_view value) {
  regular_ = true;
  const bool plain = plain_field_name(name);
  if (!plain && !valid_field_name(name)) return malform("a field name is not a token");
  if (has_upper_case(name)) return malform("a field name with capital letters");
  if (!valid_field_value(value)) return malform("a field value with control characters or blanks around it");
  FieldId id = field_id(name);
  judge(id, name, value);
  if (!plain) judge_lookalike(name);
  if (failed_) return;
  if (out_->lines().size() >= limits_->fields)
    return refuse(fault_ == Reason::bad_request ? Reason::header_too_large : fault_, "too many field lines");
  std::string_view line = out_->arena().join(name, ": ", value, "\r\n");
  out_->add_received(line.substr(0, name.size()), line.substr(name.size() + 2, value.size()), id);
}

void SectionReader::judge(FieldId id, std::string_view name, std::string_view value) {
  if (id == FieldId::other) {
    claims_ |= names_forwarding(name);
    return;
  }
  if ((field_set(id) & kConnectionSpecific) != 0) return malform("a connection-specific field");
  if (id == FieldId::te && !base::equal_ignoring_case(value, "trailers"))
    return malform("TE other than trailers");
  if (id == FieldId::content_length) {
    if (lengths_++ != 0) return malform("more than one Content-Length");
    if (!read_length(value, length_)) return malform("Content-Length is not one decimal number below 2^63");
  }
}

// No known name is other than plain.
void SectionReader::judge_lookalike(std::string_view name) {
  lookalikes_ = true;
  if (disguised(name)) refuse(fault_, "a field name that servers of the CGI family take for a framing field");
}

Result<Framing> SectionReader::finish_section(bool ended) {
  if (ended && lengths_ && length_ != 0) malform("Content-Length without a body");
  if (failed_) return base::fail(reason_, std::string(detail_));
  if (ended) return Framing{};
  if (lengths_) return Framing{Framing::Kind::length, length_};
  return Framing{Framing::Kind::chunked, 0};
}

Result<Control> RequestReader::finish(bool ended) {
  Control control;
  read_start();
  if (has(method)) {
    if (has(protocol)) {
      read_extended_connect();
    } else if (head_->method == Method::connect) {
      read_connect();
    } else {
      read_target();
    }
  }
  auto framing = finish_section(ended);
  if (!framing) return std::move(framing).unexpected();
  control.framing = *framing;
  if (has_lookalikes()) out().beware_of_lookalikes();
  if (has_claims()) out().beware_of_claims();
  if (!ended && head_->method == Method::trace) refuse(Reason::bad_request, "a body with TRACE");
  // What follows on a stream of CONNECT is no body (RFC 9113 section 8.5).
  if (head_->method == Method::connect || has(protocol)) control.framing = {};
  read_authority();
  judge_expect(control);
  if (auto ok = outcome(); !ok) return std::move(ok).unexpected();
  join_cookies();
  head_->takes_trailers = out().has(FieldId::te);  // with any other value it was malformed
  out().remove(FieldId::te);
  drop_hop_by_hop(out());
  return control;
}

void RequestReader::read_start() {
  if (!has(method)) return malform("no :method");
  head_->method_text = value(method);
  head_->method = http::method(head_->method_text);
  if (!valid_field_name(head_->method_text)) return malform("the method is not a token");
  if (head_->method_text.size() > kMaxMethod) refuse(Reason::not_implemented, "the method is too long");
}

bool RequestReader::https() const noexcept { return base::equal_ignoring_case(value(scheme), "https"); }

void RequestReader::read_connect() {
  if (has(scheme) || has(path) || !has(authority))
    return malform("CONNECT needs :authority and nothing else");
  head_->target = value(authority);
  auto parsed = parse_authority(value(authority));
  if (parsed && !parsed->has_port) refuse(Reason::bad_request, "the target of CONNECT has no port");
}

// RFC 8441 sections 4 and 5. What follows is no body, so nothing may be said about its length: the target,
// which gets a GET, would take the beginning of the tunnel for one.
void RequestReader::read_extended_connect() {
  if (head_->method != Method::connect) return malform(":protocol without CONNECT");
  head_->method = Method::get;
  head_->method_text = "GET";
  read_target();
  if (length()) refuse(Reason::bad_request, "Content-Length with an extended CONNECT");
  if (!base::equal_ignoring_case(value(protocol), "websocket"))
    refuse(Reason::not_implemented, "a :protocol other than websocket");
  head_->upgrade = value(protocol);
  // HTTP/2 does without; h1/client has keys of its own.
  out().remove("sec-websocket-key");
}

void RequestReader::read_target() {
  if (!has(scheme) || !has(path)) return malform(has(path) ? "no :scheme" : "no :path");
  head_->target = value(path);
  if (!https() && !base::equal_ignoring_case(value(scheme), "http"))
    refuse(Reason::bad_request, ":scheme is neither http nor https");
  if (value(path).empty()) return malform("an empty :path");
  if (value(path).size() > limits_->uri)
    return refuse(Reason::uri_too_long, "the request target is too long");
  if (value(path) == "*") {
    if (head_->method != Method::options) refuse(Reason::bad_request, "the target \"*\" is for OPTIONS only");
    head_->path = "*";
    return;
  }
  if (!value(path).starts_with('/')) return malform(":path is not a path");
  if (auto ok = read_path_and_query(value(path), *head_); !ok) refuse(ok.error().reason, ok.error().detail);
}

// RFC 9113 section 8.3.1: :authority and Host must name the same; towards HTTP/1 there must be a Host.
void RequestReader::read_authority() {
  if (!outcome()) return;
  std::size_t hosts = out().count(FieldId::host);
  if (hosts > 1) return malform("more than one Host");
  std::string_view host = out().value(FieldId::host);
  std::string_view text = has(authority) ? value(authority) : host;
  if (text.empty()) return malform("neither :authority nor Host");
  auto parsed = parse_authority(text);
  if (!parsed) return malform(":authority or Host is not a valid name or address");
  if (hosts && has(authority)) {
    auto other = parse_authority(host);
    std::uint16_t default_port = https() ? 443 : 80;
    if (!other || !same_authority(*parsed, *other, default_port))
      return malform(":authority and Host disagree");
  }
  if (!hosts) out().add(FieldId::host, text);
  head_->authority = text;
  head_->host = parsed->normal ? parsed->host : normalise_host(parsed->host, out().arena());
}

void RequestReader::join_cookies() {
  if (out().count(FieldId::cookie) < 2) return;
  std::size_t size = 0;
  for (const Field& line : out().lines())
    if (line.id == FieldId::cookie) size += line.value.size() + 2;
  char* begin = out().arena().chars(size);
  char* end = begin;
  for (const Field& line : out().lines()) {
    if (line.id != FieldId::cookie) continue;
    if (end != begin) {
      *end++ = ';';
      *end++ = ' ';
    }
    end = std::copy(line.value.begin(), line.value.end(), end);
  }
  out().set(FieldId::cookie, {begin, static_cast<std::size_t>(end - begin)});
}

void RequestReader::judge_expect(Control& control) {
  for (const Field& line : out().lines()) {
    if (line.id != FieldId::expect) continue;
    if (!base::equal_ignoring_case(line.value, "100-continue"))
      return refuse(Reason::expectation, "Expect asks for something other than 100-continue");
    control.expect_continue = control.framing.kind != Framing::Kind::none;
  }
}

Result<Control> ResponseReader::finish(bool ended, Method request) {
  std::string_view text = value(status);
  bool number =
      text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!has(status) || !number) {
    malform("no :status of three digits");
  } else {
    head_->status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (head_->status < 100 || head_->status > 599) malform("the status is not a number from 100 to 599");
    if (head_->status == 101) refuse(Reason::upstream_protocol, "status 101 in HTTP/2");
    if (head_->status < 200 && ended) malform("an interim response ends the stream");
  }
  // A response without a body may say how long it would be (RFC 9110 section 8.6).
  bool claims_only = head_->status >= 200 && bodiless(request, head_->status);
  auto framing = finish_section(ended && !claims_only);
  if (!framing) return std::move(framing).unexpected();
  Control control;
  if (!ended && !claims_only && head_->status >= 200) control.framing = *framing;
  drop_hop_by_hop(out());
  return control;
}

Result<void> TrailerReader::finish() {
  if (auto ok = outcome(); !ok) return ok;
  for (Field& line : out().lines())
    if (!allowed_in_trailers(line.name)) line.dropped = true;
  return {};
}

namespace {

// Writes pairs into memory that has room for them.
class Lines {
 public:
  Lines(base::Arena& arena, std::size_t at_most)
      : arena_(&arena),
        begin_(static_cast<nghttp2_nv*>(arena.allocate(at_most * sizeof(nghttp2_nv), alignof(nghttp2_nv)))),
        end_(begin_) {}

  void add(std::string_view name, std::string_view value,
           std::uint8_t flags = NGHTTP2_NV_FLAG_NONE) noexcept {
    *end_++ = {bytes(name), bytes(value), name.size(), value.size(), flags};
  }
  // Whatever was not checked by a parser.
  void add_checked(const Field& line) {
    if ((field_set(line.id) & kConnectionSpecific) != 0 && line.id != FieldId::other) return;
    if (line.received) return add(line.name, line.value);
    if (!valid_field_name(line.name)) return;
    add(line.name, has_control_but_tab(line.value) ? without_control(line.value) : line.value);
  }
  void add_all(const Fields& fields, FieldSet but) {
    for (const Field& line : fields.lines())
      if (!line.dropped && (line.id == FieldId::other || (field_set(line.id) & but) == 0)) add_checked(line);
  }
  std::span<nghttp2_nv> all() const noexcept { return {begin_, end_}; }

 private:
  static std::uint8_t* bytes(std::string_view text) noexcept {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  }
  std::string_view without_control(std::string_view value) {
    char* out = arena_->chars(value.size());
    std::transform(value.begin(), value.end(), out, [](char c) { return is_control_but_tab(c) ? ' ' : c; });
    return {out, value.size()};
  }

  base::Arena* arena_;
  nghttp2_nv* begin_;
  nghttp2_nv* end_;
};

// A status that no parser or handler should produce still leaves as a valid one.
std::string_view status_text(int status, base::Arena& arena) {
  switch (status) {
    case 200:
      return "200";
    case 204:
      return "204";
    case 304:
      return "304";
    case 404:
      return "404";
    default:
      break;
  }
  if (status < 100 || status > 999) status = 500;
  char* out = arena.chars(3);
  out[0] = static_cast<char>('0' + status / 100);
  out[1] = static_cast<char>('0' + status / 10 % 10);
  out[2] = static_cast<char>('0' + status % 10);
  return {out, 3};
}

}  // namespace

std::span<nghttp2_nv> response_lines(const ResponseHead& head, std::string_view date) {
  base::Arena& arena = head.fields.arena();
  Lines lines(arena, head.fields.lines().size() + 2);
  lines.add(":status", status_text(head.status, arena));
  lines.add_all(head.fields, 0);
  if (!date.empty() && !head.fields.has(FieldId::date)) lines.add("date", arena.copy(date));
  return lines.all();
}

std::span<nghttp2_nv> request_lines(const RequestHead& head, const RequestTarget& target,
                                    std::string_view extra) {
  base::Arena& arena = head.fields.arena();
  auto extras = static_cast<std::size_t>(std::count(extra.begin(), extra.end(), '\n'));
  Lines lines(arena, head.fields.lines().size() + extras + 5);
  bool extended = !target.protocol.empty();
  lines.add(":method", extended ? "CONNECT" : head.method_text);
  if (extended) lines.add(":protocol", target.protocol);
  if (head.method != Method::connect) {
    lines.add(":scheme", target.scheme);
    lines.add(":path", target.has_query ? arena.join(target.path, "?", target.query) : target.path);
  }
  lines.add(":authority", target.authority);
  lines.add_all(head.fields, field_set(FieldId::host));
  while (!extra.empty()) {
    auto end = extra.find("\r\n");
    std::string_view line = extra.substr(0, end);
    auto colon = line.find(": ");
    if (colon != line.npos) lines.add(line.substr(0, colon), line.substr(colon + 2));
    extra = end == extra.npos ? std::string_view{} : extra.substr(end + 2);
  }
  return lines.all();
}

bool submit_trailers(nghttp2_session* session, std::int32_t stream, const Fields& trailers) {
  Lines lines(trailers.arena(), trailers.lines().size());
  for (const Field& line : trailers.lines())
    if (!line.dropped && allowed_in_trailers(line.name)) lines.add_checked(line);
  auto all = lines.all();
  return !all.empty() && nghttp2_submit_trailer(session, stream, all.data(), all.size()) == 0;
}

}  // namespace sluice::http::h2
