// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/parser.h"

#include <string>

#include "gateway/http/h1/framing.h"
#include "gateway/http/h1/syntax.h"
#include "gateway/http/h1/target.h"

namespace sluice::http::h1 {
namespace {

using base::Reason;

struct Complaint {
  Fault fault;
  bool in_fields;  // gets the number of its line
  const char* text;
};

constexpr Complaint kComplaints[] = {
    {Fault::incomplete, false, "the head is incomplete"},
    {Fault::method, false, "the method is not a token"},
    {Fault::target, false, "the request target holds a control character"},
    {Fault::version, false, "the start line does not name HTTP/1.0 or HTTP/1.1 in its place"},
    {Fault::status, false, "the status is not a number of three digits"},
    {Fault::reason, false, "the reason phrase holds a control character"},
    {Fault::line_end, true, "a carriage return without a line feed after it"},
    {Fault::name, true, "the field name is not a token directly before a colon"},
    {Fault::value, true, "the value holds a control character"},
    {Fault::options, true, "the value is not a list of tokens"},
    {Fault::length, true, "Content-Length is not one decimal number below 2^63"},
};

struct Rejection {
  Reason protocol;  // it is no HTTP
  Reason message;   // it is an invalid message
  Reason limit;
};
constexpr Rejection kOfRequest{Reason::bad_request, Reason::bad_request, Reason::header_too_large};
constexpr Rejection kOfResponse{Reason::upstream_protocol, Reason::response_invalid,
                                Reason::response_invalid};

[[gnu::cold]] base::Unexpected explain(Fault fault, const Fields& before, const Rejection& as) {
  if (fault == Fault::too_many) return base::fail(as.limit, "too many field lines");
  for (const Complaint& c : kComplaints) {
    if (fault != c.fault) continue;
    if (!c.in_fields) return base::fail(as.protocol, c.text);
    return base::fail(as.message, "field line " + std::to_string(before.lines().size() + 1) + ": " + c.text);
  }
  return base::fail(as.protocol, "bytes after the end of the head");
}

// What a body would mean for a request that cannot have one.
base::Result<void> check_body_allowed(const RequestHead& head, const Framing& framing) {
  bool body = framing.kind == Framing::Kind::chunked || framing.length > 0;
  if (body && (head.method == Method::trace || head.method == Method::connect))
    return base::fail(Reason::bad_request, "a body with TRACE or CONNECT");
  return {};
}

base::Unexpected refuse_disguised(Reason ambiguous) {
  return base::fail(ambiguous, "a field name that becomes a framing field when \"_\" is read as \"-\"");
}

base::Result<Control> judge_request(const FieldView& view, RequestHead& out) {
  Control control;
  out.path = out.query = out.authority = out.host = {};
  out.has_query = false;
  if (view.disguised) return refuse_disguised(Reason::bad_request);
  if (auto ok = read_target(view, out); !ok) return std::move(ok).unexpected();
  auto framing = declared_framing(view, Reason::bad_request);
  if (!framing) return std::move(framing).unexpected();
  control.framing = *framing;
  if (auto ok = check_body_allowed(out, *framing); !ok) return std::move(ok).unexpected();
  if (auto ok = judge_connection(view, Reason::bad_request, control); !ok) return std::move(ok).unexpected();
  if (auto ok = judge_expect(view, control); !ok) return std::move(ok).unexpected();
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
  if (view.disguised) return refuse_disguised(Reason::response_invalid);
  auto framing = declared_framing(view, Reason::response_invalid);
  if (!framing) return std::move(framing).unexpected();
  if (auto ok = judge_connection(view, Reason::response_invalid, control); !ok)
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

// Both leave `at` behind the head.
Fault read_head(const char*& at, const char* end, const HeadLimits& limits, RequestHead& out,
                FieldView& view) {
  out.fields.clear();
  if (Fault fault = read_request_line(at, end, out); fault != Fault::none) return fault;
  view.version = out.version;
  return read_fields(at, end, limits.fields, out.fields, view);
}

Fault read_head(const char*& at, const char* end, const HeadLimits& limits, ResponseHead& out,
                FieldView& view) {
  out.fields.clear();
  if (Fault fault = read_status_line(at, end, out); fault != Fault::none) return fault;
  view.version = out.version;
  return read_fields(at, end, limits.fields, out.fields, view);
}

// What a head that is refused for its syntax leaves behind: the lines before the one that is wrong.
void forget_start_line(RequestHead& out) noexcept {
  out.method = Method::other;
  out.version = Version::http_1_1;
  out.method_text = out.target = out.path = out.query = out.authority = out.host = {};
  out.has_query = false;
}

void forget_start_line(ResponseHead& out) noexcept {
  out.status = 0;
  out.version = Version::http_1_1;
  out.reason = {};
}

template <class Head>
[[gnu::cold]] base::Unexpected refuse(Fault fault, const Rejection& as, Head& out) {
  forget_start_line(out);
  return explain(fault, out.fields, as);
}

template <class Head>
[[gnu::cold]] std::size_t nothing(Head& out) noexcept {
  forget_start_line(out);
  out.fields.clear();
  return 0;
}

bool known_status(int status) noexcept { return status >= 100 && status <= 599; }

}  // namespace

base::Result<Control> parse_request(std::span<const char> head, const HeadLimits& limits, RequestHead& out) {
  std::string_view text(head.data(), head.size());
  while (text.starts_with("\r\n")) text.remove_prefix(2);
  if (text.size() > limits.head) return base::fail(Reason::header_too_large, "the head is too long");
  FieldView view;
  const char *at = text.data(), *end = at + text.size();
  Fault fault = read_head(at, end, limits, out, view);
  if (fault != Fault::none || at != end) return refuse(fault, kOfRequest, out);
  if (out.target.size() > limits.uri)
    return base::fail(Reason::uri_too_long, "the request target is too long");
  return judge_request(view, out);
}

base::Result<Control> parse_response(std::span<const char> head, const HeadLimits& limits, const Asked& asked,
                                     ResponseHead& out) {
  if (head.size() > limits.head) return base::fail(Reason::response_invalid, "the head is too long");
  FieldView view;
  const char *at = head.data(), *end = at + head.size();
  Fault fault = read_head(at, end, limits, out, view);
  if (fault != Fault::none || at != end) return refuse(fault, kOfResponse, out);
  if (!known_status(out.status))
    return base::fail(Reason::upstream_protocol, "the status is not a number from 100 to 599");
  return judge_response(view, asked, out);
}

std::size_t try_request(std::span<const char> received, const HeadLimits& limits, RequestHead& out,
                        Control& control) {
  FieldView view;
  const char *begin = received.data(), *at = begin, *end = at + received.size();
  if (read_head(at, end, limits, out, view) != Fault::none) return nothing(out);
  auto length = static_cast<std::size_t>(at - begin);
  bool small = length <= limits.head && out.target.size() <= limits.uri &&
               out.method_text.size() <= HeadScanner::kMaxMethod;
  if (!small) return nothing(out);
  auto judged = judge_request(view, out);
  if (!judged) return nothing(out);
  control = *judged;
  return length;
}

std::size_t try_response(std::span<const char> received, const HeadLimits& limits, const Asked& asked,
                         ResponseHead& out, Control& control) {
  FieldView view;
  const char *begin = received.data(), *at = begin, *end = at + received.size();
  if (read_head(at, end, limits, out, view) != Fault::none) return nothing(out);
  auto length = static_cast<std::size_t>(at - begin);
  if (length > limits.head || !known_status(out.status)) return nothing(out);
  auto judged = judge_response(view, asked, out);
  if (!judged) return nothing(out);
  control = *judged;
  return length;
}

}  // namespace sluice::http::h1
