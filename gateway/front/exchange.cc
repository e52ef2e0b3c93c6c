// SPDX-License-Identifier: Apache-2.0
// The way of one exchange; the steps are those of ARCHITECTURE.md:
//   1 begin     the connection hands over a request; the exchange keeps the present snapshot
//   2 decide    which route?
//   3 chain     the route's filters, in order, then its handler, then the filters' response hooks in reverse
//   4 respond   the connection sends the head and pulls the body; an exchange that was upgraded goes on as a
//               tunnel, see tunnel.cc
//   5 finish    log, metrics, done hooks; then everything is forgotten at once
#include "gateway/base/job.h"
#include "gateway/chain/error_pages.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/request_id.h"
#include "gateway/chain/shedding.h"
#include "gateway/front/front.h"
#include "gateway/front/hold.h"
#include "gateway/front/max_forwards.h"
#include "gateway/front/redirect.h"
#include "gateway/front/trailers.h"
#include "gateway/http/grpc.h"
#include "gateway/http/media_type.h"
#include "gateway/http/semantics.h"
#include "gateway/net/signal.h"
#include "gateway/net/turn.h"
#include "gateway/routing/slashes.h"

namespace sluice::front {

using base::Reason;
using base::Result;
using base::Task;
using chain::Exchange;

void Front::install(std::shared_ptr<const routing::Snapshot> snapshot) {
  if (!held_.empty() && held_.back().exchanges == 0) held_.pop_back();
  held_.push_back({std::move(snapshot), 0});
}

namespace {

using http::FieldId;

// Whom a proxy that the listener trusts speaks for: from here on that one is the client, for everything. True
// if it is one that writes X-Forwarded fields.
bool believe(Exchange& ex) {
  const auto& connection = ex.stream.connection();
  const auto* told =
      http::read_forwarded(ex.request.fields, connection.peer, connection.listener->trusted, ex.arena);
  if (!told) return false;
  auto* facts = ex.arena.make<http::ConnectionFacts>(connection);
  facts->peer = told->client;
  facts->forwarded = told;
  ex.stream.speak_for(*facts);
  return !told->rfc7239;
}

// Who the client is according to its connection. Whatever it says about that itself is not believed, on
// connections without TLS neither.
void identify(Exchange& ex, const routing::Snapshot& snapshot) {
  auto& fields = ex.request.fields;
  bool believed = false;
  if (!ex.stream.connection().listener->trusted.from.empty()) [[unlikely]]
    believed = believe(ex);
  http::remove_claims(fields, believed);
  snapshot.identity_fields.remove_from(fields);
  ex.consumers = snapshot.consumers.get();
  const auto* tls = ex.stream.connection().tls;
  if (!tls || !tls->client) return;
  fields.add(FieldId::client_cert, tls->client->field);
  if (!tls->client->chain.empty()) fields.add(FieldId::client_cert_chain, tls->client->chain);
}

// Which ids of requests count, where no filter says it: those that trusted proxies have sent.
void judge_id(Exchange& ex, const chain::Chain& chain) {
  ex.filter_names_it = chain.names_requests();
  if (ex.filter_names_it || !ex.request.fields.may_have(http::field_set(FieldId::x_request_id))) return;
  if (chain::believed_request_id(ex).empty()) ex.request.fields.remove(FieldId::x_request_id);
}

// Only chunks and HTTP/2 have room for trailers.
http::BodyPtr body_of(http::ServerStream& stream, const routing::Snapshot& snapshot) {
  auto body = stream.take_body();
  if (!body || snapshot.identity_fields.empty()) return body;
  const auto& request = stream.request();
  if (!request.upgrade.empty() || (request.version != http::Version::http_2 && body->length())) return body;
  return http::make_body<WithoutIdentity>(stream.arena(), std::move(body), snapshot.identity_fields,
                                          stream.arena());
}

void end_grpc_call(const Exchange& ex, observe::RouteCells& cells) noexcept {
  auto took = ex.worker.loop.clock().steady() - ex.stream.begun();
  cells.stream_ended(observe::StreamKind::grpc, took, 0, 0);  // its bytes are those of the request
}

}  // namespace

Task<void> Front::serve(http::ServerStream& stream) {
  // Step 1
  base::Scope* connection = co_await base::this_scope();
  Hold hold(*this);
  Exchange ex(stream, *worker_, connection);
  ex.filter_times.wanted = lane_ != nullptr;
  ex.error_pages = hold.snapshot().error_pages.get();
  ex.request_body = body_of(stream, hold.snapshot());
  identify(ex, hold.snapshot());

  // Step 2
  routing::Plan plan;
  bool https_only = stream.connection().listener->https_port != 0;
  if (!https_only || is_acme_challenge(ex.request.path)) {
    if (hold.snapshot().underscores == routing::Underscores::drop)
      routing::drop_underscores(ex.request.fields);
    if (hold.snapshot().merge_slashes)
      ex.request.path = routing::with_merged_slashes(ex.request.path, ex.arena);
    plan = routing::decide({ex.request, &stream.connection()}, hold.snapshot());
    if (https_only && !is_about_challenges(plan, ex.request.path)) plan = {};
  }
  if (https_only && !plan.route) {
    unmatched_->on(worker_->index).begin();
    redirect_to_https(ex);
    co_await respond(ex, *connection);
    finish(ex, *unmatched_, hold.snapshot());
    co_return;
  }
  if (!plan.route || !goes_further(ex.request)) {
    auto& metrics = answer_at_once(ex, plan, hold.snapshot());
    co_await respond(ex, *connection);
    finish(ex, metrics, hold.snapshot());
    co_return;
  }
  const routing::Route& route = *plan.route;
  ex.route = &route;
  ex.route_name = route.name;
  ex.importance = route.importance;
  ex.error_pages = route.error_pages.get();
  ex.captures = plan.lookup.captures.all();
  ex.matched_prefix = ex.request.path.substr(0, plan.lookup.prefix);
  auto& cells = route.metrics->on(worker_->index);
  cells.begin();
  judge_id(ex, route.chain);
  bool grpc = http::is_grpc(ex.request.fields);
  if (grpc) cells.stream_began(observe::StreamKind::grpc);

  // Step 3
  if (worker_->loop.pressure().watched()) hold.lists(ex);
  if (chain::shed(ex, route.chain.importance_at_most(ex.importance))) [[unlikely]] {
    // That is the answer.
  } else if (plan.preflight) {
    route.chain.answer_preflight(ex);
  } else {
    co_await route.chain.run(ex).in(ex.scope);
  }
  // Step 4
  if (ex.response.status == 101 && ex.upstream_stream) [[unlikely]] {
    if (grpc) end_grpc_call(ex, cells);
    co_await tunnel(ex, hold, plan.lookup.route);
    co_return;
  }
  co_await respond(ex, *connection);
  // Step 5
  route.chain.done(ex);
  finish(ex, *route.metrics, hold.snapshot());
  if (grpc) end_grpc_call(ex, cells);
}

Task<void> Front::refuse(http::ServerStream& stream, const base::Error& error) {
  base::Scope* connection = co_await base::this_scope();
  Hold hold(*this);
  Exchange ex(stream, *worker_, connection);
  ex.error_pages = hold.snapshot().error_pages.get();
  unmatched_->on(worker_->index).begin();
  stream.close_after();
  chain::make_local_reply(ex, error);
  co_await respond(ex, *connection);
  finish(ex, *unmatched_, hold.snapshot());
}

observe::RouteMetrics& Front::answer_at_once(Exchange& ex, const routing::Plan& plan,
                                             const routing::Snapshot& snapshot) const {
  using Outcome = routing::Lookup::Outcome;
  bool of_a_route = plan.refused.empty() && (plan.route || plan.lookup.outcome == Outcome::redirected);
  auto* route = of_a_route ? snapshot.routes[plan.lookup.route].get() : nullptr;
  auto& metrics = route ? *route->metrics : *unmatched_;
  metrics.on(worker_->index).begin();
  if (!route) {
    answer_unrouted(ex, plan, snapshot);
    return metrics;
  }
  ex.route = route;
  ex.route_name = route->name;
  if (plan.route) {
    auto allowed = snapshot.table.allowed({ex.request, &ex.stream.connection()});
    answer_as_the_last(ex, ex.arena.copy(snapshot.table.method_names(allowed)));
  } else {
    redirect_to_other_ending(ex);
  }
  return metrics;
}

void Front::answer_unrouted(Exchange& ex, const routing::Plan& plan,
                            const routing::Snapshot& snapshot) const {
  using Outcome = routing::Lookup::Outcome;
  if (!plan.refused.empty()) {
    ex.stream.close_after();  // as after every target that is refused
    chain::make_local_reply(ex, Reason::bad_request, plan.refused);
    return;
  }
  if (plan.lookup.outcome == Outcome::no_route) {
    chain::make_local_reply(ex, Reason::no_route);
    return;
  }
  if (plan.lookup.outcome == Outcome::matched) {
    ex.stream.close_after();
    chain::make_local_reply(ex, {Reason::draining, "its listener is not configured any more"});
    return;
  }
  auto allow = ex.arena.copy(snapshot.table.method_names(plan.lookup.allow));
  if (plan.lookup.outcome == Outcome::options) {
    ex.response.status = 204;
    ex.answered_locally = true;
  } else {
    chain::make_local_reply(ex, Reason::method);
  }
  if (!allow.empty())
    ex.response.fields.add(http::FieldId::allow, allow);  // empty for "*", which no route matches
}

namespace {

// Reasons that are only ever logged: nobody is left to be told, or he would not understand.
bool untold(Reason reason) noexcept { return base::row(reason).status == 499; }

// An answer in the gauges, if it is one of server-sent events, while it is waited for. Its bytes count with
// its request.
class EventStream {
 public:
  explicit EventStream(const Exchange& ex) : loop_(ex.worker.loop) {
    bool events = http::is_of_type(ex.response.fields.value(FieldId::content_type), http::kEventStream);
    if (!ex.route || !events) return;
    began_ = loop_.clock().steady();
    cells_ = &ex.route->metrics->on(ex.worker.index);
    cells_->stream_began(observe::StreamKind::sse);
  }
  EventStream(const EventStream&) = delete;
  ~EventStream() {
    if (cells_) cells_->stream_ended(observe::StreamKind::sse, loop_.clock().steady() - began_, 0, 0);
  }

 private:
  const net::Loop& loop_;
  observe::RouteCells* cells_ = nullptr;
  base::SteadyTime began_{};
};

// Waits for the client to leave: from then on what is left of the answer has a time within which it must
// come, although nobody may notice otherwise until the target says more.
Task<void> limit_once_left(Exchange& ex) {
  net::Signal never(ex.worker.loop.wheel());
  auto wait = never.wait({});
  co_await wait;
  if (!ex.total.running()) ex.total.start(*ex.finishes_within, Reason::timeout_total);
}

// The sending of an answer that is read to its end although the client leaves.
Task<Result<void>> send_to_the_end(Exchange& ex, base::Scope& connection, Task<Result<void>> sending) {
  base::Job<void> leaving(&connection);
  leaving.start(limit_once_left(ex));
  auto sent = co_await sending;
  co_return sent;
}

}  // namespace

Task<void> Front::respond(Exchange& ex, base::Scope& connection) {
  if (ex.answered_locally && untold(ex.reason)) return {};
  if (ex.finishes_within && connection.cancelled()) [[unlikely]]
    return finish_alone(ex, ex.answered_locally ? ex.reason : Reason::none).in(ex.scope);
  if (ex.error_pages && ex.response.status >= 400) [[unlikely]]
    ex.error_pages->apply(ex);
  auto sending = ex.stream.send(ex.response, ex.response_body);
  if (!sending.await_ready()) {
    bool finishes = ex.finishes_within && !ex.answered_locally;
    return respond_waiting(
        ex, connection, finishes ? send_to_the_end(ex, connection, std::move(sending)) : std::move(sending));
  }
  ex.sent_at_once = true;
  auto sent = sending.await_resume();
  if (sent) return {};
  return respond_failed(ex, connection, std::move(sent));
}

Task<void> Front::respond_waiting(Exchange& ex, base::Scope& connection, Task<Result<void>> sending) {
  EventStream events(ex);
  // A local reply must get out although the exchange was cancelled, for instance by its total timeout.
  auto sent = co_await std::move(sending).in(ex.answered_locally ? connection : ex.scope);
  if (!sent) co_await respond_failed(ex, connection, std::move(sent));
}

Task<void> Front::respond_failed(Exchange& ex, base::Scope& connection, Result<void> sent) {
  bool tell = !ex.answered_locally && !ex.stream.head_sent() && !untold(sent.error().reason);
  if (tell && !connection.cancelled()) {
    // The upstream failed between its head and its first byte, and the client has seen nothing yet.
    ex.response_body.reset();
    chain::make_local_reply(ex, sent.error());
    if (ex.route) co_await ex.route->chain.run_response(ex);
    if (ex.error_pages) ex.error_pages->apply(ex);
    sent = co_await ex.stream.send(ex.response, ex.response_body);
  }
  if (!sent) {
    Reason why = sent.error().reason;
    bool left = untold(why) || untold(connection.why());
    Reason failure = ex.answered_locally ? ex.reason : untold(why) ? Reason::none : why;
    ex.reason = why;
    ex.detail = ex.arena.copy(sent.error().detail);
    if (ex.finishes_within && left) co_await finish_alone(ex, failure).in(ex.scope);
  }
}

namespace {

constexpr std::size_t kDropped = 64 * 1024;  // bytes of a piece that nobody gets
constexpr unsigned kPiecesInARow = 8;        // such pieces before others have their turn

}  // namespace

// The client has left a request that is finished without it: the answer is read and dropped, as a target that
// is cut off may take back what it has done. Whatever came of that, it is the client that ended the exchange.
// `failure`: what the request has come to already.
Task<void> Front::finish_alone(Exchange& ex, Reason failure) {
  if (!ex.total.running()) ex.total.start(*ex.finishes_within, Reason::timeout_total);
  bool answers = ex.response_body && !ex.answered_locally;
  for (unsigned pieces = 1; answers && failure == Reason::none; ++pieces) {
    auto reading = ex.response_body->read(kDropped);
    auto piece = co_await reading;
    if (!piece) failure = piece.error().reason;
    if (!piece || piece->last) break;
    if (pieces % kPiecesInARow != 0) continue;
    auto turn = net::turn(ex.worker.loop);
    if (co_await turn == base::Outcome::cancelled) failure = turn.why();
  }
  if (answers && failure != Reason::none && ex.attempt) ex.attempt->failed(failure);
  ex.attempt.reset();  // that the client left says nothing about it
  ex.reason = Reason::client_closed;
  ex.detail = failure == Reason::none ? std::string_view("the client left; its request was finished")
                                      : ex.arena.join("the client left; its request was to be finished: ",
                                                      base::row(failure).name);
}

}  // namespace sluice::front
