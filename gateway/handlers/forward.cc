// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/forward.h"

#include "gateway/base/strings.h"
#include "gateway/chain/registry.h"
#include "gateway/handlers/grpc_call.h"
#include "gateway/http/media_type.h"
#include "gateway/http/replay_body.h"
#include "gateway/http/semantics.h"
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

const chain::HandlerKind<Forward, ForwardConfig> kKind{"to", "Forwards to an upstream.", "orders"};
const chain::CallsGoThrough kCalls{
    [](const chain::CallSettings& call, chain::Builder& builder) -> std::shared_ptr<const chain::Handler> {
      return std::make_shared<Forward>(call, builder);
    }};

constexpr std::size_t kMaxAttempts = 8;

// What prepare() says of the client, whatever filters say.
constexpr http::FieldSet kTold =
    http::field_set(FieldId::x_forwarded_for, FieldId::x_forwarded_host, FieldId::x_forwarded_proto);

// Responses that go on as long as they have something to say are not cut by the total timeout.
bool streaming(const http::ResponseHead& head) noexcept {
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
void strip_interim(http::ResponseHead& head) noexcept {
  bool hints = head.status == 103;
  for (http::Field& line : head.fields.lines())
    if (!hints || !base::equal_ignoring_case(line.name, "Link")) line.dropped = true;
}

}  // namespace

// What the attempts of one exchange share.
struct Forward::Try {
  upstream::Target* tried[kMaxAttempts];
  std::size_t count = 0;
  upstream::Picked at;                 // the target of the present attempt
  std::string_view extra;              // field lines for the target
  std::string_view greeting;           // a PROXY header for it, if it wants one
  std::string_view host;               // as filters left it, where attempts may ask for different ones
  bool fresh = false;                  // no idle connection this time
  http::ReplayBody* replay = nullptr;  // the request's body, if it can be sent once more
};

Forward::Forward(const std::string& upstream, chain::Builder& builder, bool is_call)
    : upstream_(builder.upstream(upstream)), is_call_(is_call) {
  if (!upstream_) return;
  timeouts_ = upstream::merge(upstream_->timeouts(), builder.timeouts());
  retry_ = upstream_->retry();
  affinity_ = Affinity(*upstream_, builder, !is_call);
}

Forward::Forward(const ForwardConfig& config, chain::Builder& builder)
    : Forward(config.upstream, builder, false) {}

Forward::Forward(const chain::CallSettings& call, chain::Builder& builder)
    : Forward(call.upstream, builder, true) {
  timeouts_.total = call.timeout.value_or(timeouts_.total);
  if (call.retry) retry_ = *call.retry;
}

Task<Result<void>> Forward::answer(Exchange& ex) const {
  ex.upstream.name = upstream_->name();
  auto& worker = ex.worker;
  Try t;
  GrpcCall grpc(ex);
  upstream::Timeouts timeouts = timeouts_;
  if (grpc) [[unlikely]] {
    if (auto begun = grpc.begin(ex); !begun) co_return begun;
    timeouts = grpc.timeouts(timeouts);
    remember_body(ex, t);
    // Not for whoever merely says that it is gRPC.
    if (upstream_->pool().protocol == upstream::ProtocolChoice::h2) ex.stream.let_body_pause();
  } else {
    ex.total.start(timeouts_.total, Reason::timeout_total);
  }
  auto key = affinity_ ? affinity_.key(ex) : upstream::PickKey();
  for (;;) {
    // Step 2
    t.at = upstream_->choose(worker.index, key, {t.tried, t.count});
    if (!t.at.target) co_return base::Unexpected{upstream_->why_unusable()};
    begin_attempt(ex, t);
    if (grpc) grpc.tell_deadline(ex);
    // Step 3
    auto& pool = upstream::Pool::of(*t.at.target, worker.index, worker.loop, t.at.upstream->pool(),
                                    t.at.upstream->metrics());
    Result<void> result;
    upstream::Wanted wanted{t.fresh, !ex.request.upgrade.empty(), t.greeting};
    auto acquired = co_await pool.acquire(ex.arena, timeouts, wanted);
    if (acquired) {
      ex.upstream_stream = std::move(acquired->stream);
      ex.attempt->on(*ex.upstream_stream);
      ex.upstream.connect = acquired->connect;
      // Step 4
      result = co_await ex.upstream_stream->send(ex.request, t.extra, ex.request_body.get());
      ex.upstream.asked = worker.loop.clock().steady();
      // Step 5
      while (result) {
        ex.response.fields.clear();
        result = co_await ex.upstream_stream->receive(ex.response);
        if (!result || ex.response.status >= 200 || ex.response.status == 101) break;
        strip_interim(ex.response);
        result = co_await ex.stream.send_interim(ex.response);
      }
    } else {
      result = std::move(acquired).unexpected();
    }
    bool again = result && grpc && grpc.repeatable(ex.response, retry_) && may_repeat(ex, t);
    if (again) result = base::fail(Reason::upstream_status);
    end_attempt(ex, t, result);
    if (again) continue;
    if (result) break;
    // Step 6
    if (!may_retry(ex, t, result.error())) {
      count_retries(ex, observe::RetryResult::failed);
      co_return result;
    }
    t.fresh = result.error().reason == Reason::stale_connection;
  }
  count_retries(ex, observe::RetryResult::success);
  // Step 7: from here on the client's connection pulls.
  bool headless = grpc && grpc.translate(ex);
  ex.response.fields.add(FieldId::via, via(ex.response.version));
  if (affinity_) affinity_.tell(ex, key, *t.at.target);
  if (ex.response.status == 101) [[unlikely]] {
    if (auto switched = switch_protocols(ex); !switched) co_return switched;
  } else if (!grpc && !is_call_ && streaming(ex.response)) {
    ex.total.stop();
  }
  if (!headless) ex.response_body = ex.upstream_stream->body(ex.arena);
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
  t.greeting = {};
  if (auto version = t.at.upstream->proxy_protocol()) {
    const auto& client = ex.stream.connection();
    t.greeting = ex.arena.copy(net::write_proxy_header(*version, client.peer, client.destination()));
  }
  name_host(ex, t);
  ex.upstream.name = t.at.upstream->name();
  t.tried[t.count++] = &target;
  auto* record = ex.arena.make<chain::Attempt>();
  record->target = target.text();
  record->before = ex.upstream.attempts;
  ex.upstream.attempts = record;
  ex.upstream.attempt_count = static_cast<int>(t.count);
  ex.upstream.target = target.text();
  ex.attempt.reset();
  ex.upstream_stream.reset();
  if (t.replay) t.replay->rewind();
  ex.attempt.emplace(target, t.at.upstream->metrics()->on(ex.worker.index), ex.worker.loop);
}

void Forward::end_attempt(Exchange& ex, const Try& t, const Result<void>& result) const {
  auto now = ex.worker.loop.clock().steady();
  auto* record = const_cast<chain::Attempt*>(ex.upstream.attempts);  // begin_attempt made it
  record->took = now - ex.attempt->began();
  if (result) {
    ex.upstream.answered = now;
    ex.attempt->answered(ex.response.status, now);
  } else {
    record->reason = result.error().reason;
    ex.attempt->failed(record->reason);
  }
  t.at.upstream->learn(*t.at.target, ex.response.status, record->reason, record->took, now);
}

void Forward::count_retries(const Exchange& ex, observe::RetryResult result) const {
  const chain::Attempt* last = ex.upstream.attempts;
  if (!last->before) return;
  upstream_->metrics()->on(ex.worker.index).retried(last->before->reason, result);
}

// A call's messages, so that a call which nobody has looked at, or that may be made twice, can be made again.
void Forward::remember_body(Exchange& ex, Try& t) const {
  constexpr std::size_t kAtMost = 64 * 1024;
  if (!ex.request_body || retry_.attempts < 2 || ex.request_body->length().value_or(0) > kAtMost) return;
  auto body = http::make_body<http::ReplayBody>(ex.arena, std::move(ex.request_body), ex.arena, kAtMost);
  t.replay = static_cast<http::ReplayBody*>(body.get());
  ex.request_body = std::move(body);
}

// Is there another attempt, and could it say the same as the last one?
bool Forward::may_repeat(const Exchange& ex, const Try& t) const {
  if (t.count >= retry_.attempts || t.count >= kMaxAttempts || ex.scope.cancelled()) return false;
  const auto* stream = ex.upstream_stream.get();
  return !stream || !stream->body_touched() || (t.replay && t.replay->repeatable());
}

bool Forward::may_retry(const Exchange& ex, const Try& t, const base::Error& error) const {
  if (!may_repeat(ex, t) || (ex.upstream_stream && ex.upstream_stream->answered())) return false;
  // A target that cannot be believed, or knows no tunnels, will not be different the next time.
  bool lasting = error.reason == Reason::upstream_tls || error.reason == Reason::upgrade_unsupported;
  if (lasting && t.count >= upstream_->targets().size()) return false;
  switch (base::row(error.reason).retry) {
    case base::Retry::unsent:
      return true;
    case base::Retry::idempotent:
      return http::idempotent(ex.request.method) || ex.request.fields.has(FieldId::idempotency_key);
    case base::Retry::never:
      break;
  }
  return false;
}

// Step 1: what the target is to know about the client. What the client itself claimed is gone.
std::string_view Forward::prepare(Exchange& ex) const {
  auto& fields = ex.request.fields;
  fields.remove_all(kTold);
  http::frame_request(ex.request, ex.request_body.get());
  if (fields.has(FieldId::expect)) {
    if (ex.request_body) {
      ex.stream.relay_expectation();
    } else {
      fields.remove(FieldId::expect);  // there is nothing to wait for (RFC 9110 section 10.1.1)
    }
  }
  std::string_view asked = ex.request.authority;
  std::string_view host = asked.empty() ? "" : ex.arena.join("X-Forwarded-Host: ", asked, "\r\n");
  // A client on a Unix socket has no address to tell.
  bool unnamed = ex.stream.connection().peer.is_unix();
  return ex.arena.join(unnamed ? "" : "X-Forwarded-For: ", unnamed ? "" : ex.stream.peer_ip(),
                       unnamed ? "" : "\r\n", host,
                       "X-Forwarded-Proto: ", ex.stream.connection().listener->scheme,
                       "\r\nVia: ", via(ex.request.version), "\r\n");
}

// The host that this target is asked for: exactly one Host, whatever the client's version and form of target.
void Forward::name_host(Exchange& ex, const Try& t) const {
  using Kind = upstream::HostPolicy::Kind;
  auto& fields = ex.request.fields;
  const auto& policy = t.at.upstream->host();
  std::string_view asked = ex.request.authority;
  if (policy.kind == Kind::literal) {
    fields.set(FieldId::host, policy.literal);
  } else if (is_call_ || policy.kind == Kind::upstream || asked.empty()) {
    fields.set(FieldId::host, t.at.target->host_field());
  } else if (!fields.may_have(http::field_set(FieldId::host))) {
    fields.set(FieldId::host, asked);  // HTTP/1.0 with the host in the target alone
  } else if (t.count > 0 && !t.host.empty()) {
    fields.set(FieldId::host, t.host);  // the attempt before may have been at another upstream
  }
}

}  // namespace sluice::handlers
