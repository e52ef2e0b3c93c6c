// SPDX-License-Identifier: Apache-2.0
// Steps 4 and 5 of an exchange that was upgraded (101): a tunnel, which may last for days. The request is
// counted as answered when the tunnel begins, the tunnel apart from it; the log has one line, at the end.
// Reloads leave tunnels alone, and tunnels leave the old configuration alone: they keep their route.
#include <algorithm>

#include "gateway/front/ending.h"
#include "gateway/front/hold.h"
#include "gateway/http/upgrade.h"

namespace sluice::front {

using base::Reason;
using base::Task;
using chain::Exchange;
using observe::StreamKind;

// A tunnel in the gauges, for as long as it lives.
class Front::OpenStream {
 public:
  OpenStream(Exchange& ex, observe::RouteCells& cells, base::SteadyTime now)
      : stream_(ex.stream),
        cells_(cells),
        loop_(ex.worker.loop),
        kind_(http::same_protocol(ex.response.upgrade, "websocket") ? StreamKind::websocket
                                                                    : StreamKind::upgrade),
        began_(now),
        received_(ex.stream.bytes_received()),
        sent_(ex.stream.bytes_sent()) {
    cells_.stream_began(kind_);
  }
  OpenStream(const OpenStream&) = delete;
  ~OpenStream() {
    cells_.stream_ended(kind_, loop_.clock().steady() - began_, stream_.bytes_received() - received_,
                        stream_.bytes_sent() - sent_);
  }

 private:
  http::ServerStream& stream_;
  observe::RouteCells& cells_;
  const net::Loop& loop_;
  StreamKind kind_;
  base::SteadyTime began_;
  std::uint64_t received_, sent_;
};

namespace {

// The names lie in the route table, the values in the path.
void own_captures(Exchange& ex) {
  auto own = ex.arena.array<chain::Capture>(ex.captures.size());
  for (std::size_t i = 0; i < own.size(); ++i)
    own[i] = {ex.arena.copy(ex.captures[i].name), ex.captures[i].value};
  ex.captures = own;
}

std::span<const std::string_view> own(std::span<const std::string_view> texts, base::Arena& arena) {
  auto out = arena.array<std::string_view>(texts.size());
  std::transform(texts.begin(), texts.end(), out.begin(), [&](auto text) { return arena.copy(text); });
  return out;
}

// What is known of the caller may lie in the snapshot.
void own_identity(Exchange& ex) {
  chain::Identity& who = ex.identity;
  ex.consumers = nullptr;
  if (!who) return;
  base::Arena& arena = ex.arena;
  auto claims = arena.array<chain::Claim>(who.claims.size());
  for (std::size_t i = 0; i < claims.size(); ++i)
    claims[i] = {arena.copy(who.claims[i].name), arena.copy(who.claims[i].text)};
  chain::Identity copy;
  copy.method = arena.copy(who.method);
  copy.issuer = arena.copy(who.issuer);
  copy.consumer = arena.copy(who.consumer);
  copy.credential = arena.copy(who.credential);
  copy.groups = own(who.groups, arena);
  copy.scopes = own(who.scopes, arena);
  copy.claims = claims;
  who = std::move(copy);
}

}  // namespace

Task<void> Front::tunnel(Exchange& ex, Hold& hold, std::size_t route) {
  auto config_hash = ex.arena.copy(hold.snapshot().hash);
  hide_credentials(ex, hold.snapshot());
  own_captures(ex);
  own_identity(ex);
  hold.keep_only(route, ex.stream.connection());
  auto& metrics = *ex.route->metrics;
  Ending begin = ending_of(ex);
  count(ex, metrics, begin);
  {
    OpenStream open(ex, metrics.on(worker_->index), begin.now);
    auto sent = co_await ex.stream.send(ex.response, ex.response_body).in(ex.scope);
    if (!sent) {
      ex.reason = sent.error().reason;
      ex.detail = ex.arena.copy(sent.error().detail);
      if (ex.attempt) ex.attempt->failed(ex.reason);
      ex.scope.cancel(ex.reason);
    }
    // Whatever happened: only now is it known what the client sent.
    co_await ex.upstream_stream->all_sent();
  }
  ex.route->chain.done(ex);
  if (Ending end = ending_of(ex); to_be_told(ex, end)) write_log(ex, end, config_hash);
}

}  // namespace sluice::front
