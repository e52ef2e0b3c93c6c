// SPDX-License-Identifier: Apache-2.0
// Step 5 of an exchange: what log and metrics are told about it.
#include "gateway/chain/as_asked.h"
#include "gateway/chain/claims.h"
#include "gateway/chain/request_id.h"
#include "gateway/front/ending.h"
#include "gateway/front/overhead.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::front {

using base::Reason;
using chain::Exchange;
using observe::AbortStage;
using observe::Source;

namespace {

AbortStage aborted(const Exchange& ex) noexcept {
  if (!base::client_left(ex.reason)) return AbortStage::none;
  if (ex.stream.head_sent()) return AbortStage::response;
  return ex.upstream.asked != base::SteadyTime{} ? AbortStage::waiting : AbortStage::request;
}

// From the begin of each attempt to the head of its answer or its failure.
base::Duration upstream_time(const Exchange& ex) noexcept {
  base::Duration sum{};
  for (const chain::Attempt* a = ex.upstream.attempts; a; a = a->before)
    if (!a->beside) sum += a->took;
  return sum;
}

// One that is there twice says nothing (W3C Trace Context, section 3.2.3).
std::optional<observe::TraceContext> trace_of(const http::Fields& fields) noexcept {
  if (fields.count(http::FieldId::traceparent) != 1) return std::nullopt;
  return observe::parse_traceparent(fields.value(http::FieldId::traceparent));
}

// Those of the caller's claims that a log is to have; returns how many there are.
std::size_t fill(std::span<observe::ClaimRecord> out, std::span<const std::string> wanted,
                 const chain::Identity& who) noexcept {
  std::size_t n = 0;
  for (const std::string& name : wanted)
    if (const chain::Claim* claim = chain::find_claim(who.claims, name); claim && n < out.size())
      out[n++] = {name, claim->text};
  return n;
}

// Of a URL what a log may show; in one piece, or else in the arena.
std::string_view without_credentials(const observe::QueryRedaction& parameters, std::string_view url,
                                     base::Arena& arena) {
  std::size_t size = 0, pieces = 0;
  parameters.pieces(url, [&](std::string_view piece) { size += piece.size(), ++pieces; });
  if (pieces < 2) return url;
  char* begin = arena.chars(size);
  char* at = begin;
  parameters.pieces(url, [&](std::string_view piece) { at += piece.copy(at, piece.size()); });
  return {begin, size};
}

}  // namespace

void hide_credentials(Exchange& ex, const routing::Snapshot& snapshot) noexcept {
  if (!snapshot.credential_parameters) return;
  const observe::QueryRedaction& parameters = *snapshot.credential_parameters;
  ex.request.target = without_credentials(parameters, ex.request.target, ex.arena);
  for (http::Field& line : chain::client_fields(ex).lines())
    if (line.id == http::FieldId::referer) line.value = without_credentials(parameters, line.value, ex.arena);
}

Front::Ending Front::ending_of(const Exchange& ex) const noexcept {
  auto now = worker_->loop.clock().steady();
  bool unsent = base::row(ex.reason).status == 499 && !ex.stream.head_sent();
  return {
      now,
      unsent                    ? 499
      : ex.replaced_status != 0 ? ex.replaced_status
                                : ex.response.status,
      ex.answered_locally || ex.upstream.answered == base::SteadyTime{} ? Source::gateway : Source::upstream,
      now - ex.stream.begun(), overhead(ex, now)};
}

void Front::count(const Exchange& ex, observe::RouteMetrics& metrics, const Ending& ending) noexcept {
  auto stage = aborted(ex);
  auto& cells = metrics.on(worker_->index);
  cells.end({chain::client_line(ex).method, ending.status, ending.source, ex.reason, stage, ending.duration,
             ending.overhead, ex.stream.bytes_received(), ex.stream.bytes_sent()});
  if (ex.stream.trailers_dropped()) [[unlikely]]
    cells.trailers_dropped(observe::Side::downstream);
  if (ex.upstream_stream && ex.upstream_stream->trailers_dropped()) [[unlikely]]
    cells.trailers_dropped(observe::Side::upstream);
  if (consumers_ && stage == AbortStage::none && !ex.identity.consumer.empty())
    consumers_->count(worker_->index, ex.identity.consumer, ending.status);
}

void Front::finish(Exchange& ex, observe::RouteMetrics& metrics, const routing::Snapshot& snapshot) noexcept {
  Ending ending = ending_of(ex);
  if (ex.attempt && ex.reason != Reason::none && ex.upstream.answered != base::SteadyTime{})
    ex.attempt->failed(ex.reason);
  if (ex.attempt) ex.attempt->ended(ending.now);
  count(ex, metrics, ending);
  if (to_be_told(ex, ending)) {
    hide_credentials(ex, snapshot);
    write_log(ex, ending, snapshot.hash);
  }
}

bool Front::to_be_told(const Exchange& ex, const Ending& ending) const noexcept {
  return lane_ || (failures_ && observe::FailureRing::concerns(ex.reason, ending.status));
}

void Front::write_log(Exchange& ex, const Ending& ending, std::string_view config_hash) noexcept {
  const auto& up = ex.upstream;
  const auto& connection = ex.stream.connection();
  observe::AccessRecord r;
  r.time = worker_->loop.clock().wall() - ending.duration;
  r.request_id = chain::request_id(ex);
  r.listener = connection.listener->name;
  r.client_ip = ex.stream.peer_ip();
  r.client_port = connection.peer.port();
  r.method = chain::client_line(ex).method_text;
  r.host = ex.request.host;
  r.path = ex.request.target;
  r.protocol = http::name(ex.request.version);
  if (connection.tls) {
    r.tls_version = connection.tls->version;
    r.sni = connection.tls->sni;
  }
  r.status = ending.status;
  r.reason = ex.reason;
  r.detail = ex.detail;
  r.source = ending.source;
  if (ex.route) r.route = ex.route_name;
  if (ex.importance != upstream::Importance::normal) r.importance = upstream::name(ex.importance);
  r.consumer = ex.identity.consumer;
  r.auth_method = ex.identity.method;
  r.credential = ex.identity.credential;
  r.groups = ex.identity.groups;
  r.scopes = ex.identity.scopes;
  observe::ClaimRecord claims[observe::AccessLogConfig::kClaims];
  r.claims = {claims, lane_ ? fill(claims, lane_->claims(), ex.identity) : 0};
  if (ex.reason != Reason::none) r.policy_denied = ex.refused_by;
  r.upstream = up.name;
  r.target = up.target;
  r.bytes_in = ex.stream.bytes_received();
  r.bytes_out = ex.stream.bytes_sent();
  r.duration = ending.duration;
  r.overhead = ending.overhead;
  if (ex.filter_times.auth.count()) r.auth = ex.filter_times.auth;
  if (ex.filter_times.all.count()) r.filters = ex.filter_times.all;
  if (up.connect.count()) r.connect = up.connect;
  if (up.queued.count()) r.queue = up.queued;
  if (up.answered != base::SteadyTime{}) r.first_byte = up.attempts->took;
  if (up.attempts) r.upstream_time = upstream_time(ex);
  if (ex.stream.client_wait().count()) r.client_write = ex.stream.client_wait();
  const http::Fields& fields = chain::client_fields(ex);
  r.user_agent = fields.value(http::FieldId::user_agent);
  r.referer = fields.value(http::FieldId::referer);
  r.trace = trace_of(fields);
  r.partial = ex.partial;
  r.rate_limit_remaining = ex.rate_remaining;
  r.config_hash = config_hash;
  observe::AttemptRecord attempts[upstream::RetryConfig::kMost];
  auto n = std::min(static_cast<std::size_t>(up.attempt_count), std::size(attempts));
  const chain::Attempt* a = up.attempts;
  for (std::size_t i = n; i-- > 0 && a; a = a->before)
    attempts[i] = {a->target, a->status, a->reason, a->took};
  r.attempts = {attempts, n};
  if (lane_) lane_->write(r);
  if (failures_ && observe::FailureRing::concerns(ex.reason, ending.status)) failures_->write(r);
}

}  // namespace sluice::front
