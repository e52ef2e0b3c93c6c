// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/grpc_call.h"

#include <algorithm>
#include <charconv>

namespace sluice::handlers {

using base::Reason;
using base::Result;
using chain::Exchange;
using http::FieldId;

// The deadline counts from when the request came, not from when somebody got to look at it.
Result<void> GrpcCall::begin(Exchange& ex, base::Duration most) {
  auto now = ex.worker.loop.clock().steady();
  auto end = most > base::Duration::zero() ? now + most : base::SteadyTime{};
  if (const auto* field = ex.request.fields.find(http::kGrpcTimeout)) {
    auto timeout = http::parse_grpc_timeout(field->value);
    if (!timeout)
      return base::fail(Reason::validation, "grpc-timeout is not a number of up to eight digits and a unit");
    deadline_ = ex.stream.begun() + *timeout;
    if (deadline_ <= now) return base::fail(Reason::timeout_total, "the caller's deadline has passed");
    callers_ = end == base::SteadyTime{} || deadline_ < end;
    if (callers_) end = deadline_;
    deadline_ = end;
  }
  if (end != base::SteadyTime{}) ex.total.start(end - now, Reason::timeout_total);
  return {};
}

upstream::Timeouts GrpcCall::timeouts(upstream::Timeouts timeouts) const noexcept {
  if (callers_) timeouts.first_byte = timeouts.attempt;
  return timeouts;
}

void GrpcCall::tell_deadline(Exchange& ex) const {
  if (deadline_ == base::SteadyTime{}) return;
  ex.request.fields.set(http::kGrpcTimeout,
                        http::grpc_timeout(deadline_ - ex.worker.loop.clock().steady(), ex.arena));
}

bool GrpcCall::repeatable(const http::ResponseHead& head, const upstream::RetryConfig& retry) const noexcept {
  const auto* field = retry.grpc.empty() ? nullptr : head.fields.find(http::kGrpcStatus);
  auto code = field ? http::grpc_code(field->value) : std::nullopt;
  if (!code) return false;
  return std::ranges::any_of(retry.grpc, [&](upstream::GrpcRetry again) {
    return static_cast<unsigned>(again) == static_cast<unsigned>(*code);
  });
}

bool GrpcCall::unavailable(const http::ResponseHead& head) const noexcept {
  const auto* field = head.fields.find(http::kGrpcStatus);
  return field && http::grpc_code(field->value) == http::GrpcCode::unavailable;
}

bool GrpcCall::translate(Exchange& ex) const {
  auto& head = ex.response;
  if (head.status == 200) return false;
  auto code = http::grpc_code_of_status(head.status);
  char digits[16];
  auto end = std::to_chars(digits, digits + sizeof digits, head.status).ptr;
  std::string_view status(digits, static_cast<std::size_t>(end - digits));
  bool has_code = head.fields.find(http::kGrpcStatus) != nullptr;
  head.status = 200;
  head.reason = {};
  head.fields.remove(FieldId::content_length);
  head.fields.remove(FieldId::content_encoding);
  head.fields.set(FieldId::content_type, http::kGrpcType);
  if (!has_code) {
    head.fields.add(http::kGrpcStatus, http::number(code));
    head.fields.set(http::kGrpcMessage, ex.arena.join("the target answered with HTTP status ", status));
  }
  return true;
}

}  // namespace sluice::handlers
