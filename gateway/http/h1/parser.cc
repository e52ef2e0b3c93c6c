// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/parser.h"

#include <algorithm>
#include <array>
#include <string>

#include "gateway/http/h1/framing.h"
#include "gateway/http/h1/target.h"
#include "gateway/http/h1/view_parser.h"

namespace sluice::http::h1 {
namespace {

using base::Reason;

// Beast's number of a name -> ours. Beast has looked each name up already, so this saves a second search.
std::array<FieldId, 512> make_ids() {
  std::array<FieldId, 512> ids{};
  for (std::size_t i = 1; i < ids.size(); ++i) {
    auto known = static_cast<beast::field>(i);
    if (i > static_cast<std::size_t>(beast::field::xref)) break;
    auto text = beast::to_string(known);
    ids[i] = http::field_id(std::string_view(text.data(), text.size()));
  }
  return ids;
}
const std::array<FieldId, 512> kIds = make_ids();

Method method_of(const StartLine& start) noexcept {
  switch (start.verb) {
    case beast::verb::get:
      return Method::get;
    case beast::verb::head:
      return Method::head;
    case beast::verb::post:
      return Method::post;
    case beast::verb::put:
      return Method::put;
    case beast::verb::delete_:
      return Method::delete_;
    case beast::verb::patch:
      return Method::patch;
    case beast::verb::options:
      return Method::options;
    case beast::verb::trace:
      return Method::trace;
    case beast::verb::connect:
      return Method::connect;
    default:
      return Method::other;
  }
}

struct Complaint {
  beast::error code;
  bool in_fields;
  const char* text;
};

// Beast's verdicts in words. What comes from a field gets its line number.
constexpr Complaint kComplaints[] = {
    {beast::error::bad_method, false, "the method is not a token"},
    {beast::error::bad_target, false, "the request target holds a control character"},
    {beast::error::bad_version, false, "the start line does not name HTTP/1.0 or HTTP/1.1 in its place"},
    {beast::error::bad_status, false, "the status is not a number of three digits"},
    {beast::error::bad_reason, false, "the reason phrase holds a control character"},
    {beast::error::bad_line_ending, true, "a carriage return without a line feed after it"},
    {beast::error::bad_field, true, "the field name is not a token directly before a colon"},
    {beast::error::bad_value, true, "the value holds a control character, is folded, or is a malformed list"},
    {beast::error::bad_content_length, true,
     "Content-Length is not one decimal number, or stands beside Transfer-Encoding"},
    {beast::error::multiple_content_length, true, "more than one Content-Length"},
    {beast::error::bad_transfer_encoding, true,
     "Transfer-Encoding is repeated or stands beside Content-Length"},
    {beast::error::need_more, false, "the head is incomplete"},
    {beast::error::unexpected_body, false, "bytes after the end of the head"},
};

base::Error explain(const boost::beast::error_code& ec, std::size_t lines, bool request) {
  if (ec == beast::error::header_limit)
    return {request ? Reason::header_too_large : Reason::response_invalid, "too many field lines"};
  for (const Complaint& c : kComplaints) {
    if (ec != c.code) continue;
    if (!c.in_fields) return {request ? Reason::bad_request : Reason::upstream_protocol, c.text};
    return {request ? Reason::bad_request : Reason::response_invalid,
            "field line " + std::to_string(lines + 1) + ": " + c.text};
  }
  return {request ? Reason::bad_request : Reason::upstream_protocol, ec.message()};
}

std::string_view text_of(std::span<const char> head) noexcept { return {head.data(), head.size()}; }

Version version_of(int beast_version) noexcept {
  return beast_version == 11 ? Version::http_1_1 : Version::http_1_0;
}

base::Result<void> check_names(const Fields& fields, Reason ambiguous) {
  for (const Field& line : fields.lines()) {
    if (line.id != FieldId::other || !masquerades(line)) [[likely]]
      continue;
    return base::fail(ambiguous, "a field name that becomes a framing field when \"_\" is read as \"-\"");
  }
  return {};
}

// What a body would mean for a request that cannot have one.
base::Result<void> check_body_allowed(const RequestHead& head, const Framing& framing) {
  bool body = framing.kind == Framing::Kind::chunked || framing.length > 0;
  if (body && (head.method == Method::trace || head.method == Method::connect))
    return base::fail(Reason::bad_request, "a body with TRACE or CONNECT");
  return {};
}

base::Result<Control> judge_request(const FieldView& view, RequestHead& out) {
  Control control;
  if (auto ok = check_names(out.fields, Reason::bad_request); !ok) return std::move(ok).unexpected();
  if (auto ok = read_target(view, out); !ok) return std::move(ok).unexpected();
  auto framing = declared_framing(view, Reason::bad_request);
  if (!framing) return std::move(framing).unexpected();
  control.framing = *framing;
  if (auto ok = check_body_allowed(out, *framing); !ok) return std::move(ok).unexpected();
  if (auto ok = read_connection(view, Reason::bad_request, control); !ok) return std::move(ok).unexpected();
  if (auto ok = read_expect(view, control); !ok) return std::move(ok).unexpected();
  return control;
}

base::Result<void> check_switch(const Control& control, const Asked& asked) {
  if (!asked.upgrade)
    return base::fail(Reason::upstream_protocol, "status 101 although no upgrade was asked for");
  if (!control.upgrade)
    return base::fail(Reason::response_invalid, "status 101 without Upgrade and Connection: upgrade");
  return {};
}

base::Result<Control> judge_response(const FieldView& view, const Asked& asked, const ResponseHead& out) {
  Control control;
  if (auto ok = check_names(out.fields, Reason::response_invalid); !ok) return std::move(ok).unexpected();
  auto framing = declared_framing(view, Reason::response_invalid);
  if (!framing) return std::move(framing).unexpected();
  if (auto ok = read_connection(view, Reason::response_invalid, control); !ok)
    return std::move(ok).unexpected();
  if (out.status == 101)
    if (auto ok = check_switch(control, asked); !ok) return std::move(ok).unexpected();

  bool claims_body = framing->kind == Framing::Kind::chunked || framing->length > 0;
  if (bodiless(asked.method, out.status)) {
    // RFC 9112 section 6.1 forbids such a claim; the server may well send the body, so nothing may follow it.
    if (claims_body && (out.status < 200 || out.status == 204)) control.keep_alive = false;
    return control;
  }
  control.framing = *framing;
  if (framing->kind == Framing::Kind::none) {
    control.framing.kind = Framing::Kind::until_close;
    control.keep_alive = false;
  }
  return control;
}

}  // namespace

FieldId field_id(beast::field known, std::string_view name) noexcept {
  if (known == beast::field::unknown) return http::field_id(name);
  return kIds[static_cast<std::size_t>(known)];
}

base::Result<Control> parse_request(std::span<const char> head, const HeadLimits& limits, RequestHead& out) {
  std::string_view text = text_of(head);
  while (text.starts_with("\r\n")) text.remove_prefix(2);
  if (text.size() > limits.head) return base::fail(Reason::header_too_large, "the head is too long");
  out.fields.clear();
  ViewParser<true> parser(text, limits.fields, out.fields);
  if (auto ec = parser.run()) return base::Unexpected{explain(ec, parser.lines(), true)};

  const StartLine& start = parser.start();
  if (start.target.size() > limits.uri)
    return base::fail(Reason::uri_too_long, "the request target is too long");
  out.method = method_of(start);
  out.method_text = start.method;
  out.version = version_of(start.version);
  out.target = start.target;
  out.path = out.query = out.authority = out.host = {};
  out.has_query = false;
  return judge_request({&out.fields, parser.seen(), parser.repeated(), out.version}, out);
}

base::Result<Control> parse_response(std::span<const char> head, const HeadLimits& limits, const Asked& asked,
                                     ResponseHead& out) {
  std::string_view text = text_of(head);
  if (text.size() > limits.head) return base::fail(Reason::response_invalid, "the head is too long");
  out.fields.clear();
  ViewParser<false> parser(text, limits.fields, out.fields);
  if (auto ec = parser.run()) return base::Unexpected{explain(ec, parser.lines(), false)};

  out.status = parser.start().status;
  out.reason = parser.start().reason;
  out.version = version_of(parser.start().version);
  if (out.status < 100 || out.status > 599)
    return base::fail(Reason::upstream_protocol, "the status is not a number from 100 to 599");
  return judge_response({&out.fields, parser.seen(), parser.repeated(), out.version}, asked, out);
}

}  // namespace sluice::http::h1
