// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/local_reply.h"

#include <charconv>
#include <string>

#include "gateway/base/base64.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/request_id.h"
#include "gateway/http/grpc.h"

namespace sluice::chain {
namespace {

using http::FieldId;

// Appends to memory that is large enough.
struct Out {
  char* begin;
  char* end;
  explicit Out(char* memory) noexcept : begin(memory), end(memory) {}
  Out& operator<<(std::string_view text) noexcept {
    end = write_raw(end, text);
    return *this;
  }
  std::string_view text() const noexcept { return {begin, static_cast<std::size_t>(end - begin)}; }
};

// `sluice; error=http_request_denied; details="rate_limited: 10 per second"`: the registered type where there
// is one, and always our own reason.
std::string_view proxy_status(base::Arena& arena, const base::ReasonRow& row, std::string_view detail) {
  constexpr std::size_t kFixed = 64;
  Out out(arena.chars(kFixed + row.proxy_status.size() + row.name.size() + 2 * detail.size()));
  out << "sluice";
  if (!row.proxy_status.empty()) out << "; error=" << row.proxy_status;
  out << "; details=\"" << row.name;
  if (!detail.empty()) {
    out << ": ";
    out.end = write_sf_string(out.end, detail);
  }
  out << "\"";
  return out.text();
}

// `violated`: the name of a policy, in quotes; "" for none.
std::string_view problem(base::Arena& arena, const base::ReasonRow& row, int code, std::string_view detail,
                         std::string_view id, std::string_view violated) {
  constexpr std::size_t kFixed = 256;
  char status[16];
  auto written = std::to_chars(status, status + sizeof status, code);
  Out out(arena.chars(kFixed + kReasonType.size() + 2 * row.name.size() + row.title.size() +
                      kWorstEscape * (detail.size() + id.size()) + violated.size()));
  out << R"({"type":")" << (violated.empty() ? kReasonType : kQuotaExceeded)
      << (violated.empty() ? row.name : "") << R"(","title":")" << row.title << R"(","status":)"
      << std::string_view(status, static_cast<std::size_t>(written.ptr - status)) << R"(,"detail":")";
  out.end = write_json(out.end, detail);
  out << R"(","instance":")";
  out.end = write_json(out.end, id);
  out << "\"";
  if (!violated.empty()) out << R"(,"violated-policies":[)" << violated << "]";
  out << R"(,"reason":")" << row.name << "\"}\n";
  return out.text();
}

// Seconds after which trying again is worth it, "" where that is not known here: a filter that counts knows
// better and sets the field itself.
std::string_view retry_after(base::Reason reason, int status) noexcept {
  return status == 503 || reason == base::Reason::concurrency ? "1" : "";
}

// A caller of gRPC gets status and message in the head, and nothing else: what gRPC calls Trailers-Only.
void answer_grpc(Exchange& ex, const base::ReasonRow& row, std::string_view shown) {
  ex.response.status = 200;
  ex.response.fields.set(FieldId::content_type, http::kGrpcType);
  http::add_grpc_status(ex.response.fields, row, shown);
  ex.response_body.reset();
}

// A page gets them in a body, since it may not see all of a head.
void answer_grpc_web(Exchange& ex, const http::GrpcWebType& type, const base::ReasonRow& row,
                     std::string_view shown) {
  ex.response.status = 200;
  ex.response.fields.set(FieldId::content_type,
                         ex.arena.join(http::kGrpcWebType, type.text ? http::kGrpcWebText : "",
                                       type.rest.substr(0, type.rest.find(';'))));
  http::Fields trailers(ex.arena);
  http::add_grpc_status(trailers, row, shown);
  auto frame = http::grpc_web_frame(trailers, ex.arena);
  if (type.text) {
    char* text = ex.arena.chars(base::base64_size(frame.size()));
    base::write_base64(text, frame);
    frame = {text, base::base64_size(frame.size())};
  }
  ex.response_body = http::make_body<http::TextBody>(ex.arena, frame);
}

void make(Exchange& ex, base::Reason reason, int status, std::string_view detail, std::string_view violated) {
  const base::ReasonRow& row = base::row(reason);
  detail = ex.arena.copy(detail);
  if (ex.response_body) ex.response_body->abandon();
  ex.reason = reason;
  ex.detail = detail;
  ex.answered_locally = true;

  http::ResponseHead& head = ex.response;
  head.status = status;
  head.reason = {};
  head.fields.clear();
  head.fields.add(FieldId::content_type, "application/problem+json");
  head.fields.add(FieldId::proxy_status, proxy_status(ex.arena, row, detail));
  if (auto seconds = retry_after(reason, status); !seconds.empty())
    head.fields.add(FieldId::retry_after,
                    ex.retry_after ? ex.arena.copy(std::to_string(ex.retry_after)) : seconds);

  std::string_view shown = detail.empty() ? row.explanation : detail;
  if (ex.request.fields.has(FieldId::content_type)) {
    auto type = ex.request.fields.value(FieldId::content_type);
    if (http::is_grpc_type(type)) return answer_grpc(ex, row, shown);
    if (auto web = http::grpc_web_type(type); web.web) return answer_grpc_web(ex, web, row, shown);
  }
  ex.response_body = http::make_body<http::TextBody>(
      ex.arena, problem(ex.arena, row, status, shown, request_id(ex), violated));
}

}  // namespace

void make_local_reply(Exchange& ex, base::Reason reason, std::string_view detail) {
  make(ex, reason, base::row(reason).status, detail, {});
}

void make_local_reply_as(Exchange& ex, base::Reason reason, int status, std::string_view detail) {
  make(ex, reason, status, detail, {});
}

void make_limit_reply(Exchange& ex, base::Reason reason, std::string_view detail, std::string_view policy) {
  make(ex, reason, base::row(reason).status, detail, policy);
}

void make_local_reply(Exchange& ex, const base::Error& error) {
  bool callers = error.where() == base::Where::downstream;
  make_local_reply(ex, error.reason, callers ? std::string_view(error.detail) : std::string_view());
  ex.detail = ex.arena.copy(error.detail);
}

// A credential may help only who has shown none yet (RFC 9110 sections 15.5.2 and 15.5.4).
Step reply_to_caller(Exchange& ex, std::string_view detail) {
  const Identity& who = ex.identity;
  if (who && who.challenges.empty()) return reply(ex, base::Reason::forbidden, detail);
  make_local_reply(ex, base::Reason::unauthenticated, detail);
  for (std::string_view challenge : who.challenges)
    if (!challenge.empty()) ex.response.fields.add("WWW-Authenticate", challenge);
  return Step::replied;
}

void send_to(Exchange& ex, int status, std::string_view location) {
  ex.response.status = status;
  ex.response.reason = {};
  ex.response.fields.clear();
  ex.response.fields.add(FieldId::location, location);
  ex.answered_locally = true;
}

}  // namespace sluice::chain
