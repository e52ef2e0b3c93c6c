// SPDX-License-Identifier: Apache-2.0
// Step 5 of an exchange: what log and metrics are told about it.
#include "gateway/base/strings.h"
#include "gateway/chain/request_id.h"
#include "gateway/front/ending.h"

namespace sluice::front {

using base::Reason;
using chain::Exchange;
using observe::AbortStage;
using observe::Source;

namespace {

AbortStage aborted(const Exchange& ex) noexcept {
  if (ex.reason != Reason::client_closed && ex.reason != Reason::client_write_timeout)
    return AbortStage::none;
  if (ex.stream.head_sent()) return AbortStage::response;
  return ex.upstream.asked != base::SteadyTime{} ? AbortStage::waiting : AbortStage::request;
}

// What the gateway itself took: up to the request sent, and from the answer's head to the end of a response
// that left without waiting for the client or the rest of the body.
base::Duration overhead(const Exchange& ex, base::SteadyTime now) noexcept {
  const auto& up = ex.upstream;
  if (up.asked == base::SteadyTime{}) return now - ex.stream.begun();
  auto spent = up.asked - ex.stream.begun() - up.connect;
  if (up.answered != base::SteadyTime{} && ex.sent_at_once) spent += now - up.answered;
  return std::max(spent, base::Duration::zero());
}

}  // namespace

Front::Ending Front::ending_of(const Exchange& ex) const noexcept {
  auto now = worker_->loop.clock().steady();
  bool unsent = base::row(ex.reason).status == 499 && !ex.stream.head_sent();
  return {
      now, unsent ? 499 : ex.response.status,
      ex.answered_locally || ex.upstream.answered == base::SteadyTime{} ? Source::gateway : Source::upstream,
      now - ex.stream.begun(), overhead(ex, now)};
}

void Front::count(const Exchange& ex, observe::RouteMetrics& metrics, const Ending& ending) noexcept {
  metrics.on(worker_->index)
      .end({ex.request.method, ending.status, ending.source, ex.reason, aborted(ex), ending.duration,
            ending.overhead, ex.stream.bytes_received(), ex.stream.bytes_sent()});
}

void Front::finish(Exchange& ex, observe::RouteMetrics& metrics, const routing::Snapshot& snapshot) noexcept {
  Ending ending = ending_of(ex);
  if (ex.attempt && ex.reason != Reason::none && ex.upstream.answered != base::SteadyTime{})
    ex.attempt->failed(ex.reason);
  count(ex, metrics, ending);
  if (lane_) write_log(ex, ending, snapshot.hash);
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
  r.method = ex.request.method_text;
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
  r.consumer = ex.identity.consumer;
  r.auth_method = ex.identity.method;
  r.credential = ex.identity.credential;
  r.upstream = up.name;
  r.target = up.target;
  r.bytes_in = ex.stream.bytes_received();
  r.bytes_out = ex.stream.bytes_sent();
  r.duration = ending.duration;
  r.overhead = ending.overhead;
  if (up.connect.count()) r.connect = up.connect;
  if (up.queued.count()) r.queue = up.queued;
  if (up.answered != base::SteadyTime{}) {
    r.first_byte = up.attempts->took;
    r.upstream_time = up.answered - up.asked;
  }
  r.user_agent = ex.request.fields.value(http::FieldId::user_agent);
  r.referer = ex.request.fields.value(http::FieldId::referer);
  r.config_hash = config_hash;
  observe::AttemptRecord attempts[8];
  auto n = std::min<std::size_t>(static_cast<std::size_t>(up.attempt_count), 8);
  const chain::Attempt* a = up.attempts;
  for (std::size_t i = n; i-- > 0 && a; a = a->before)
    attempts[i] = {a->target, a->reason == Reason::none ? ending.status : 0, a->reason, a->took};
  r.attempts = {attempts, n};
  lane_->write(r);
}

}  // namespace sluice::front
