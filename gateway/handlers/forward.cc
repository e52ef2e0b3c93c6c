// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/forward.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/registry.h"
#include "gateway/handlers/grpc_call.h"
#include "gateway/handlers/handshake.h"
#include "gateway/handlers/try.h"
#include "gateway/http/media_type.h"
#include "gateway/http/semantics.h"
#include "gateway/net/sleep.h"
#include "gateway/upstream/backoff.h"
#include "gateway/upstream/pool.h"

namespace sluice::handlers {

using base::Reason;
using base::Result;
using base::Task;
using chain::Exchange;
using http::FieldId;

void describe(config::Description<ForwardConfig>& d) {
  using namespace config;
  d.about("to", "Forwards the request to an upstream and answers with what it says.");
  d.field("upstream", &ForwardConfig::upstream, "The upstream that gets the request.", required,
          reference("upstream"), example("orders"));
  d.shorthand(&ForwardConfig::upstream);
}

namespace {

const chain::HandlerKind<Forward, ForwardConfig> kForward{"to", "Forwards to an upstream.", "orders"};
const chain::CallsGoThrough kCalls{
    [](const chain::CallSettings& call, chain::Builder& builder) -> std::shared_ptr<const chain::Handler> {
      return std::make_shared<Forward>(call, builder);
    }};

// What is kept of a request's body for another attempt.
constexpr std::size_t kKept = 64 * 1024;
// A body that is certainly with the target by the time that it begins to answer, whoever sends it.
constexpr std::uint64_t kMaxTimed = 64 * 1024;

// Responses that go on as long as they have something to say are not cut by the total timeout: whoever knows
// how much that is has said so, but for those that are streams by their type.
bool streaming(const http::ResponseHead& head, const http::Body* body) noexcept {
  if (!body) return false;
  if (!body->length()) return true;
  auto type = head.fields.value(FieldId::content_type);
  auto is = [&](std::string_view t) { return http::is_of_type(type, t); };
  return is(http::kEventStream) || is("application/x-ndjson") || is("application/grpc");
}

// The version in which a message was received, without its usual name (RFC 9110 section 7.6.3).
std::string_view via(http::Version version) noexcept {
  constexpr std::string_view kByVersion[] = {"1.0 sluice", "1.1 sluice", "2 sluice"};
  return kByVersion[static_cast<std::size_t>(version)];
}

// Interim responses pass no filter, so nothing of them reaches the client that one might have removed: no
// fields but the links to what is worth loading beforehand (RFC 8297 section 2).
void strip_interim(http::ResponseHead& head, bool hides_links) noexcept {
  bool hints = head.status == 103 && !hides_links;
  for (http::Field& line : head.fields.lines())
    if (!hints || !base::equal_ignoring_case(line.name, "Link")) line.dropped = true;
}

// The reason names the phase; where it was not that phase's own limit, the detail names the other.
void name_limit(base::Error& error, const upstream::Timeouts& timeouts, base::Duration connecting) {
  if (timeouts.passed(error.reason, connecting, false) == "attempt")
    error.detail += ", within `timeouts.attempt`";
}

}  // namespace

Forward::Forward(const std::string& upstream, chain::Builder& builder, bool is_call)
    : upstream_(builder.upstream(upstream)), is_call_(is_call) {
  if (!upstream_) return;
  timeouts_ = upstream::merge(upstream_->timeouts(), builder.timeouts());
  retry_ = upstream_->retry();
  affinity_ = Affinity(*upstream_, builder, !is_call);
  finishes_ = !is_call && upstream_->finishes_writes();
  hedge(upstream_->hedge(), builder);
}

Forward::Forward(const ForwardConfig& config, chain::Builder& builder)
    : Forward(config.upstream, builder, false) {}

Forward::Forward(const chain::CallSettings& call, chain::Builder& builder)
    : Forward(call.upstream, builder, true) {
  timeouts_.total = call.timeout.value_or(timeouts_.total);
  if (call.retry) retry_ = *call.retry;
  if (call.hedge) hedge(*call.hedge, builder);
  names_target_ = !call.keeps_host;
}

Task<Result<void>> Forward::answer(Exchange& ex) const {
  ex.upstream.name = upstream_->name();
  if (!ex.request.upgrade.empty() && !opens_rightly(ex)) [[unlikely]]
    co_return Result<void>();
  auto& worker = ex.worker;
  Try t;
  GrpcCall grpc(ex, upstream_->may_speak_h2());
  upstream::Timeouts timeouts = timeouts_;
  if (auto begun = begin(ex, t, grpc, timeouts); !begun) [[unlikely]]
    co_return begun;
  if (upstream_->protection().has_gate() || upstream_->protection().adapts()) [[unlikely]] {
    auto entered = co_await enter(ex, t);
    if (!entered) co_return entered;
  }
  auto key = affinity_ ? affinity_.key(ex) : upstream::PickKey();
  t.may_hedge = hedging_ && !grpc && may_hedge(ex, key);
  for (;;) {
    // Step 2
    t.at = upstream_->choose(worker.index, key, {t.tried, t.count}, t.elsewhere);
    if (!t.at.target) co_return no_target(ex, t);
    begin_attempt(ex, t);
    if (t.may_hedge) [[unlikely]]
      start_rival(ex, t, key, timeouts);
    if (grpc) grpc.tell_deadline(ex);
    // Step 3
    Result<void> result;
    auto acquiring = connect(ex, t, t.at, timeouts);
    t.beside_rival(acquiring);
    auto acquired = co_await acquiring;
    if (acquired) {
      take(ex, grpc, *t.at.upstream, std::move(*acquired));
      // Step 4
      if (finishes_) [[unlikely]]
        outlive_client(ex, grpc);
      name_host(ex, t, t.at);
      auto sending = ex.upstream_stream->send(ex.request, t.extra, ex.request_body.get());
      t.beside_rival(sending);
      result = co_await sending;
      ex.upstream.asked = worker.loop.clock().steady();
      // Step 5
      while (result) {
        ex.response.fields.clear();
        auto receiving = ex.upstream_stream->receive(ex.response);
        t.beside_rival(receiving);
        result = co_await receiving;
        if (!result || ex.response.status >= 200 || ex.response.status == 101) break;
        if (ex.hides_links && ex.response.status == 103) continue;  // there is nothing left to tell
        strip_interim(ex.response, ex.hides_links);
        result = co_await ex.stream.send_interim(ex.response);
        if (!result && ex.finishes_within && base::client_left(result.error().reason)) result = {};
      }
    } else {
      result = std::move(acquired).unexpected();
    }
    bool adopted = false;
    if (t.rival) [[unlikely]] {
      auto settling = settle(ex, t, result);
      adopted = co_await settling;
    }
    // Step 6
    bool again = result && unwanted(ex, t, grpc) && try_again(ex, t, Reason::upstream_status);
    if (again) result = base::fail(Reason::upstream_status);
    if (!adopted) [[likely]]
      end_attempt(ex, t, grpc, result);
    if (result) break;
    if (!again && !(may_retry(ex, t, result.error()) && try_again(ex, t, result.error().reason))) {
      count_retries(ex, t, observe::RetryResult::failed);
      name_limit(result.error(), timeouts, ex.upstream.connect);
      co_return result;
    }
    if (t.pause > base::Duration::zero()) {
      auto paused = co_await pause(ex, t);
      if (!paused) co_return paused;
    }
  }
  count_retries(ex, t, observe::RetryResult::success);
  if (affinity_) affinity_.tell(ex, key, *t.at.target);
  co_return hand_over(ex, grpc);
}

// Step 7: from here on the client's connection pulls.
Result<void> Forward::hand_over(Exchange& ex, const GrpcCall& grpc) const {
  if (grpc && ex.response.version == http::Version::http_2 && http::is_grpc(ex.response.fields))
    ex.stream.let_body_run(true);
  bool headless = grpc && grpc.translate(ex);
  ex.response.fields.add(FieldId::via, via(ex.response.version));
  bool tunnel = ex.response.status == 101;
  if (tunnel) [[unlikely]] {
    if (auto switched = switch_protocols(ex); !switched) return switched;
  }
  if (!headless) ex.response_body = ex.upstream_stream->body(ex.arena);
  if (!tunnel && !grpc && !is_call_ && streaming(ex.response, ex.response_body.get())) ex.total.stop();
  return {};
}

// What comes before any attempt, and waits for nobody.
Result<void> Forward::begin(Exchange& ex, Try& t, GrpcCall& grpc, upstream::Timeouts& timeouts) const {
  if (grpc) [[unlikely]] {
    // What the gateway asks for on its own ends in its own time: no client can put that off.
    if (auto begun = grpc.begin(ex, is_call_ ? timeouts_.total : base::Duration::zero()); !begun)
      return begun;
    if (!is_call_) timeouts = grpc.timeouts(timeouts);
  } else if (auto begun = t.deadline.begin(ex, timeouts_); !begun) {
    return begun;
  }
  if (ex.request_body) remember_body(ex, t, static_cast<bool>(grpc));
  if (!admitted(ex, t)) [[unlikely]]
    return circuit_open(ex);
  return {};
}

// Waits where as many requests are under way as the upstream may have.
Task<Result<void>> Forward::enter(Exchange& ex, Try& t) const {
  const auto& protection = upstream_->protection();
  auto& clock = ex.worker.loop.clock();
  auto before = clock.steady();
  Result<upstream::Gate::Place> place = upstream::Gate::Place();
  if (protection.has_gate()) {
    place = co_await protection.enter(ex.worker.index);
    if (place) ex.place = std::move(*place);
  }
  if (place && protection.adapts()) {
    auto waited = clock.steady() - before;
    place =
        co_await protection.enter_unanswered(ex.worker.index, ex.importance, waited, ex.worker.loop.now());
    if (place) t.unanswered = std::move(*place);
    t.in_flight = protection.unanswered();
    t.timed = !ex.request_body || ex.request_body->length().value_or(kMaxTimed + 1) <= kMaxTimed ||
              http::is_grpc(ex.request.fields);
  }
  ex.upstream.queued = clock.steady() - before;
  if (protection.has_queue()) upstream_->metrics()->on(ex.worker.index).queued(ex.upstream.queued);
  if (!place) co_return std::move(place).unexpected();
  bool open = protection.closed_for(ex.worker.loop.now()) > base::Duration::zero();
  if (open && !upstream_->failover()) co_return circuit_open(ex);
  t.elsewhere |= open;
  co_return Result<void>();
}

// The target may have begun to write: from here on its answer is awaited, whoever else is gone. A body that
// the client has not sent to its end ends the exchange still, as it cannot be had.
void Forward::outlive_client(Exchange& ex, const GrpcCall& grpc) const {
  if (grpc || !ex.request.upgrade.empty() || http::safe(ex.request.method)) return;
  ex.finishes_within = timeouts_.total;
  ex.scope.outlive_client();
}

base::Unexpected Forward::circuit_open(Exchange& ex) const {
  auto left = upstream_->protection().closed_for(ex.worker.loop.now());
  ex.retry_after = static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(left).count());
  return base::fail(Reason::circuit_open, "too many requests to " + upstream_->name() + " have failed");
}

// Does the circuit breaker let an attempt pass, or is there another upstream for it?
bool Forward::admitted(const Exchange& ex, Try& t) const {
  t.elsewhere = !upstream_->protection().admits(ex.worker.loop.now(), t.trial);
  return !t.elsewhere || upstream_->failover();
}

Task<Result<upstream::Acquired>> Forward::connect(Exchange& ex, const Try& t, const upstream::Picked& picked,
                                                  const upstream::Timeouts& timeouts) const {
  if (!t.deadline.tell(ex))
    return Result<upstream::Acquired>(base::fail(Reason::timeout_total, "no time is left for an attempt"));
  auto& worker = ex.worker;
  const auto& at = *picked.upstream;
  auto& pool = upstream::Pool::of(*picked.target, worker.index, worker.loop, at.pool(), at.metrics());
  upstream::Wanted wanted{t.fresh, !ex.request.upgrade.empty(), {}};
  if (auto version = at.proxy_protocol()) [[unlikely]] {
    const auto& client = ex.stream.connection();
    wanted.greeting = ex.arena.copy(net::write_proxy_header(*version, client.peer, client.destination()));
  }
  auto acquiring = pool.acquire(ex.arena, timeouts, wanted);
  if (acquiring.await_ready() || !at.protection().bounds_pending()) [[likely]]
    return acquiring;
  return connect_pending(at, std::move(acquiring));
}

// One that has to wait for its connection, where not everybody may.
Task<Result<upstream::Acquired>> Forward::connect_pending(const upstream::Upstream& at,
                                                          Task<Result<upstream::Acquired>> acquiring) const {
  auto pending = at.protection().pending();
  if (!pending)
    co_return base::fail(
        Reason::upstream_limit,
        "as many requests as limits.max_pending allows wait for a connection to " + at.name());
  co_return co_await acquiring;
}

void Forward::take(Exchange& ex, const GrpcCall& grpc, const upstream::Upstream& at,
                   upstream::Acquired acquired) {
  ex.upstream_stream = std::move(acquired.stream);
  ex.attempt->on(*ex.upstream_stream);
  ex.upstream.connect = acquired.connect;
  // Not for whoever merely says that it is gRPC: the operator has said it too, or the target will in its
  // answer.
  if (grpc) ex.stream.let_body_run(at.speaks_h2());
}

// What failed is given up before, so that its connection and its place at the target are free.
Task<Result<void>> Forward::pause(Exchange& ex, const Try& t) const {
  ex.attempt.reset();
  ex.upstream_stream.reset();
  auto before = ex.worker.loop.clock().steady();
  auto sleep = net::sleep(ex.worker.loop.fine_wheel(), t.pause);
  auto outcome = co_await sleep;
  ex.upstream.waited += ex.worker.loop.clock().steady() - before;
  if (outcome == base::Outcome::cancelled) {
    count_retries(ex, t, observe::RetryResult::failed);
    co_return base::fail(sleep.why());
  }
  co_return Result<void>();
}

// The exchange becomes a tunnel. Neither it nor the attempt has an end that a limit could be set to, but
// either side may be forgotten by the other.
Result<void> Forward::switch_protocols(Exchange& ex) const {
  ex.total.start(timeouts_.tunnel, Reason::timeout_idle);
  ex.request_body = ex.stream.switch_protocols(ex.total);
  if (!ex.request_body) return base::fail(Reason::internal, "a switch of protocols that was not asked for");
  ex.attempt->ended(ex.upstream.answered);
  ex.upstream_stream->switch_protocols(*ex.request_body, ex.scope, ex.total);
  return {};
}

void Forward::begin_attempt(Exchange& ex, Try& t) const {
  upstream::Target& target = *t.at.target;
  if (t.count == 0) {
    t.extra = prepare(ex);
    if (upstream_->failover()) [[unlikely]]
      t.host = ex.request.fields.value(FieldId::host);
  }
  ex.upstream.name = t.at.upstream->name();
  t.record = record_attempt(ex, t, target);
  ex.upstream.target = t.record->target;
  ex.attempt.reset();
  ex.upstream_stream.reset();
  if (t.replay) t.replay->rewind();
  auto& trial = t.at.upstream == upstream_.get() ? t.trial : t.at.trial;
  ex.attempt.emplace(target, *t.at.upstream, ex.worker.index, ex.worker.loop, std::move(trial));
  t.trial = {};  // admitted here, made elsewhere
  if (t.retry) ex.attempt->retrying(std::move(t.retry));
}

chain::Attempt* Forward::record_attempt(Exchange& ex, Try& t, upstream::Target& target) {
  t.tried[t.count++] = &target;
  auto* record = ex.arena.make<chain::Attempt>();
  record->target = ex.arena.copy(target.text());  // it may be gone before the exchange is logged
  record->before = ex.upstream.attempts;
  ex.upstream.attempts = record;
  ex.upstream.attempt_count = static_cast<int>(t.count);
  return record;
}

void Forward::end_attempt(Exchange& ex, Try& t, const GrpcCall& grpc, const Result<void>& result) const {
  auto now = ex.worker.loop.clock().steady();
  auto& record = *t.record;
  bool answered = result || result.error().reason == Reason::upstream_status;
  bool unavailable = answered && grpc && grpc.unavailable(ex.response);
  if (!result && result.error().reason == Reason::timeout_total && its_fault(ex, t, grpc, now))
    ex.attempt->blame(base::row(Reason::timeout_total).name);
  conclude(ex, t, {t.at, record, *ex.attempt, ex.response.status, ex.upstream.asked}, result, now,
           unavailable ? "grpc-status 14" : "");
  if (t.may_hedge && answered) [[unlikely]]
    hedging_->took(ex.worker.index, record.took);
  t.may_hedge = false;  // the first attempt alone
  if (result) ex.upstream.answered = now;
}

// Has the target alone held the exchange up, and had a fair time for its answer? By the operator's measure: where
// a caller has set the end, the target must have had all that the operator allows, so that no caller brings it
// into disrepute.
bool Forward::its_fault(const Exchange& ex, const Try& t, const GrpcCall& grpc, base::SteadyTime now) const {
  bool callers = grpc.has_deadline() || t.deadline.callers();
  auto first_byte = grpc.has_deadline() ? base::Duration::zero() : timeouts_.first_byte;
  auto fair = upstream::shorter(first_byte, callers ? timeouts_.total : timeouts_.total / 2);
  auto since = ex.attempt->began();
  if (ex.request_body && ex.upstream_stream) {
    auto sent = ex.upstream_stream->sent_since();
    if (!sent) return false;
    since = std::max(since, *sent);
  }
  return fair > base::Duration::zero() && now - since >= fair;
}

// What has come of an attempt is told to all who go by it. `unavailable`: what the answer says although its
// status does not.
void Forward::conclude(const Exchange& ex, const Try& t, const Made& made, const Result<void>& result,
                       base::SteadyTime now, std::string_view unavailable) const {
  made.record.took = now - made.attempt.began();
  auto failure = result ? Reason::none : result.error().reason;
  bool answered = failure == Reason::none || failure == Reason::upstream_status;
  if (answered) {
    made.record.status = made.status;
    made.attempt.answered(made.status, now, unavailable);
  }
  made.at.upstream->learn(*made.at.target, made.status, answered ? Reason::none : failure, made.record.took,
                          now);
  // For the limit that is found out from latency: an error is quickly said; silence counts for as long as it
  // lasted.
  if (t.timed && made.at.upstream == upstream_.get()) [[unlikely]] {
    bool sample = answered ? made.status < 500 && made.status != 429 : failure == Reason::timeout_first_byte;
    if (sample) upstream_->protection().answered(ex.worker.index, now - made.asked, t.in_flight, now);
  }
  if (result) return;
  made.record.reason = failure;
  made.attempt.failed(failure);
}

// There is nobody to make the next attempt at.
base::Unexpected Forward::no_target(Exchange& ex, const Try& t) const {
  count_retries(ex, t, observe::RetryResult::failed);
  return t.elsewhere ? circuit_open(ex) : base::Unexpected{upstream_->why_unusable()};
}

void Forward::count_retries(const Exchange& ex, const Try& t, observe::RetryResult result) const {
  if (t.cause != Reason::none) upstream_->metrics()->on(ex.worker.index).retried(t.cause, result);
}

std::vector<chain::Holding> Forward::holds() const {
  if (retry_.attempts < 2) return {};
  return {{chain::Holding::Whose::request, kKept, "to send them once more to " + upstream_->name()}};
}

// The body, so that a request which nobody has looked at, or that may be made twice, can be made again. A
// target of HTTP/2 may refuse any request after it has read a part of it; one of HTTP/1.1 may not, and where
// doing it twice does harm, the piece that nothing was sent of yet is all that can matter: it costs no copy.
void Forward::remember_body(Exchange& ex, Try& t, bool grpc) const {
  if (!ex.request.upgrade.empty() || retry_.attempts < 2) return;
  bool wanted = grpc || upstream_->may_speak_h2() || http::harmless_twice(ex.request);
  bool kept = wanted && !ex.worker.loop.buffers().frugal() && ex.request_body->length().value_or(0) <= kKept;
  auto body =
      http::make_body<http::ReplayBody>(ex.arena, std::move(ex.request_body), ex.arena, kept ? kKept : 0);
  t.replay = static_cast<http::ReplayBody*>(body.get());
  ex.request_body = std::move(body);
}

// Is there another attempt, and could it say the same as the last one?
bool Forward::may_repeat(const Exchange& ex, const Try& t) const {
  if (t.count >= retry_.attempts || ex.scope.cancelled()) return false;
  const auto* stream = ex.upstream_stream.get();
  return !stream || !stream->body_touched() || (t.replay && t.replay->repeatable());
}

bool Forward::may_retry(const Exchange& ex, const Try& t, const base::Error& error) const {
  if (!may_repeat(ex, t) || (ex.upstream_stream && ex.upstream_stream->answered())) return false;
  // A target that cannot be believed, or knows no tunnels, will not be different the next time.
  bool lasting = error.reason == Reason::upstream_tls || error.reason == Reason::upgrade_unsupported;
  if (lasting && t.count >= upstream_->targets(ex.worker.index).size()) return false;
  switch (base::row(error.reason).retry) {
    case base::Retry::unsent:
      return true;
    case base::Retry::idempotent:
      return http::harmless_twice(ex.request) || (ex.upstream_stream && ex.upstream_stream->unsent());
    case base::Retry::never:
      break;
  }
  return false;
}

// Is the answer one that is to be tried again rather than passed on?
bool Forward::unwanted(const Exchange& ex, const Try& t, const GrpcCall& grpc) const {
  bool listed =
      grpc ? grpc.repeatable(ex.response, retry_)
           : std::ranges::any_of(retry_.on, [&](const auto& r) { return r.holds(ex.response.status); }) &&
                 http::harmless_twice(ex.request);
  return listed && may_repeat(ex, t);
}

// Step 6: can the upstream bear one more? If so, all is set for it.
bool Forward::try_again(Exchange& ex, Try& t, Reason cause) const {
  const auto& protection = upstream_->protection();
  ex.attempt->retrying({});  // what was a retry itself is over
  t.fresh = cause == Reason::stale_connection;
  bool elsewhere = t.count < upstream_->targets(ex.worker.index).size();
  // Of a target that is gone its share of all requests fails at once. The others get no more by them than
  // they would have had without it, so the budget is not for the first retry of these.
  bool gone = cause == Reason::upstream_connect_failed || cause == Reason::upstream_reset;
  if (!t.fresh && !(gone && elsewhere && t.count == 1)) {
    t.retry = protection.retry(retry_.budget, upstream_->targets(ex.worker.index));
    if (!t.retry) {
      upstream_->metrics()->on(ex.worker.index).retried(cause, observe::RetryResult::over_budget);
      return false;
    }
  }
  if (!admitted(ex, t)) return false;
  count_retries(ex, t, observe::RetryResult::failed);  // the one before
  t.cause = cause;
  t.pause = t.count == 1 && (elsewhere || t.fresh)
                ? base::Duration::zero()
                : upstream::backoff(retry_.backoff, static_cast<unsigned>(t.count),
                                    ex.worker.loop.clock().steady());
  return true;
}

// Step 1: what the target is to know about the client, whatever filters say. What the client itself claimed
// is gone.
std::string_view Forward::prepare(Exchange& ex) const {
  auto& fields = ex.request.fields;
  fields.remove_all(http::told_in(upstream_->telling()));
  http::frame_request(ex.request, ex.request_body.get());
  if (fields.has(FieldId::expect)) {
    if (ex.request_body) {
      ex.stream.relay_expectation();
    } else {
      fields.remove(FieldId::expect);  // there is nothing to wait for (RFC 9110 section 10.1.1)
    }
  }
  auto told = http::forwarded_lines(upstream_->telling(), ex.stream.connection(), ex.stream.peer_ip(),
                                    ex.request.authority, ex.arena);
  return ex.arena.join(told, "Via: ", via(ex.request.version), "\r\n");
}

// The host that this target is asked for: exactly one Host, whatever the client's version and form of target.
void Forward::name_host(Exchange& ex, const Try& t, const upstream::Picked& at) const {
  using Kind = upstream::HostPolicy::Kind;
  auto& fields = ex.request.fields;
  const auto& policy = at.upstream->host();
  std::string_view asked = ex.request.authority;
  Kind whose = policy.used_for(asked, names_target_);
  if (whose == Kind::literal) {
    fields.set(FieldId::host, policy.literal);
  } else if (whose == Kind::upstream) {
    fields.set(FieldId::host, ex.arena.copy(at.target->host_field()));
  } else if (!fields.may_have(http::field_set(FieldId::host))) {
    fields.set(FieldId::host, asked);  // HTTP/1.0 with the host in the target alone
  } else if (!t.host.empty()) {
    fields.set(FieldId::host, t.host);  // another attempt may have been at another upstream
  }
}

}  // namespace sluice::handlers
