// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/parser.h"

#include "gateway/http/h1/framing.h"
#include "gateway/http/h1/syntax.h"
#include "gateway/http/h1/target.h"

namespace sluice::http::h1 {
namespace {

// What a body would mean for a request that cannot have one.
bool takes_no_body(Method method) noexcept { return method == Method::trace || method == Method::connect; }

Fault judge_fields(const FieldView& view, const RequestHead& head, Control& out) noexcept {
  if (Fault fault = judge_framing(view, out.framing); fault != Fault::none) return fault;
  bool body = out.framing.kind == Framing::Kind::chunked || out.framing.length > 0;
  if (body && takes_no_body(head.method)) return Fault::body;
  if (Fault fault = judge_connection(view, out); fault != Fault::none) return fault;
  return judge_expect(view, out);
}

base::Result<Control> judge(const FieldView& view, RequestHead& out) {
  Control control;
  out.path = out.query = out.authority = out.host = {};
  out.has_query = false;
  if (view.lookalikes) [[unlikely]] {
    if (view.disguised) return explain(Fault::disguised, Message::request);
    out.fields.beware_of_lookalikes();
  }
  if (view.claims) [[unlikely]]
    out.fields.beware_of_claims();
  if (auto ok = read_target(view, out); !ok) return std::move(ok).unexpected();
  if (Fault fault = judge_fields(view, out, control); fault != Fault::none)
    return explain(fault, Message::request);
  return control;
}

Fault judge_switch(const Control& control, const Asked& asked) noexcept {
  if (!asked.upgrade) return Fault::unasked_switch;
  return control.upgrade ? Fault::none : Fault::incomplete_switch;
}

Fault judge(const FieldView& view, const Asked& asked, const ResponseHead& head, Control& out) noexcept {
  Framing framing;
  if (view.disguised) return Fault::disguised;
  if (Fault fault = judge_framing(view, framing); fault != Fault::none) return fault;
  if (Fault fault = judge_connection(view, out); fault != Fault::none) return fault;
  if (head.status == 101)
    if (Fault fault = judge_switch(out, asked); fault != Fault::none) return fault;

  bool claims_body = framing.kind == Framing::Kind::chunked || framing.length > 0;
  if (bodiless(asked.method, head.status)) {
    // RFC 9112 section 6.1 forbids such a claim; the server may well send the body, so nothing may follow it.
    if (claims_body && (head.status < 200 || head.status == 204)) out.keep_alive = false;
    return Fault::none;
  }
  out.framing = framing;
  if (framing.kind == Framing::Kind::none) {
    out.framing.kind = Framing::Kind::until_close;
    out.keep_alive = false;
  }
  return Fault::none;
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
[[gnu::cold]] base::Unexpected refuse(Fault fault, Message kind, Head& out) {
  forget_start_line(out);
  return explain(fault, kind, out.fields.lines().size() + 1);
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
  if (text.size() > limits.head) return base::fail(base::Reason::header_too_large, "the head is too long");
  FieldView view;
  const char *at = text.data(), *end = at + text.size();
  Fault fault = read_head(at, end, limits, out, view);
  if (fault == Fault::none && at != end) fault = Fault::excess;
  if (fault != Fault::none) return refuse(fault, Message::request, out);
  if (out.target.size() > limits.uri) return explain(Fault::uri_length, Message::request);
  return judge(view, out);
}

base::Result<Control> parse_response(std::span<const char> head, const HeadLimits& limits, const Asked& asked,
                                     ResponseHead& out) {
  if (head.size() > limits.head) return base::fail(base::Reason::response_invalid, "the head is too long");
  FieldView view;
  Control control;
  const char *at = head.data(), *end = at + head.size();
  Fault fault = read_head(at, end, limits, out, view);
  if (fault == Fault::none && at != end) fault = Fault::excess;
  if (fault != Fault::none) return refuse(fault, Message::response, out);
  fault = known_status(out.status) ? judge(view, asked, out, control) : Fault::status_range;
  if (fault != Fault::none) return explain(fault, Message::response);
  return control;
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
  auto judged = judge(view, out);
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
  control = {};
  bool valid =
      length <= limits.head && known_status(out.status) && judge(view, asked, out, control) == Fault::none;
  return valid ? length : nothing(out);
}

}  // namespace sluice::http::h1
