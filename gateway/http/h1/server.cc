// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/server.h"

#include <algorithm>
#include <cerrno>

#include "gateway/base/arena_pool.h"
#include "gateway/http/h1/head_reader.h"
#include "gateway/http/h1/server_stream.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/upgrade.h"
#include "gateway/net/turn.h"

namespace sluice::http::h1 {

using base::Outcome;
using base::Reason;
using base::Result;
using base::Task;

// What a connection needs while bytes are there, and an idle one does without.
struct ServerConnection::Session {
  explicit Session(ServerConnection& c)
      : connection(c), input(*c.transport_, c.loop_->buffers(), c.large_), reader(c.options_->limits) {}
  Session(const Session&) = delete;
  ~Session() { connection.large_ = input.large(); }
  ServerConnection& connection;
  Input input;
  RequestReader reader;
  RequestHead* request = nullptr;  // where the next head goes
};

// An exchange under way. One pointer leads to both: an idle connection is to be small.
struct ServerConnection::Running {
  base::Scope& scope;  // cancelled when the client leaves
  ServerStream& stream;
};

ServerConnection::ServerConnection(net::Loop& loop, net::TransportPtr transport, const ConnectionFacts& facts,
                                   const ServerOptions& options, Service& service)
    : loop_(&loop),
      transport_(std::move(transport)),
      facts_(&facts),
      options_(&options),
      service_(&service) {}

ServerConnection::~ServerConnection() = default;

void ServerConnection::drain() noexcept {
  draining_ = true;
  if (running_) {
    // The client is told with the response. With one that has begun it cannot be: it may ask once more (see
    // run()).
    if (!running_->stream.head_sent()) running_->stream.close_after();
  } else {
    transport_->interrupt_read();
  }
}

void ServerConnection::on_activity(bool hangup) noexcept {
  if (!running_) return;
  bool left = running_->stream.switched() ? transport_->broken() : hangup;
  if (left) running_->scope.cancel(Reason::client_closed);
}

// A request may be on its way to an idle connection that is told to drain: for so long it is still served,
// and its answer says that the connection ends. Without that, clients would find their request lost.
constexpr auto kLastWord = std::chrono::milliseconds(500);

Task<void> ServerConnection::run() {
  if (late_) [[unlikely]] {
    co_await burst(false);
    co_return;
  }
  // One that was told to drain before it ran is new: its first request is on its way, and is served.
  auto patience = options_->head_timeout;
  for (;;) {
    bool leaving = draining_;
    auto wait = transport_->readable(patience);
    bool more = wait.await_ready();  // has come than was read
    auto outcome = co_await wait;
    if (outcome == Outcome::ready) {
      bool idle = co_await burst(more);
      if (!idle) break;
    } else if (outcome != Outcome::timeout || !draining_ || leaving) {
      break;
    }
    patience = draining_ ? base::Duration(kLastWord) : options_->keep_alive_timeout;
  }
}

// Pipelined requests that are served before other connections have their turn.
constexpr unsigned kRequestsInARow = 16;

// Serves the requests that have arrived; true when the connection is idle again. It is here that others have
// their turn, and not in run(), since an idle connection keeps the frame of that. A request has no frame of
// its own beside the exchange's.
Task<bool> ServerConnection::burst(bool others_first) {
  if (others_first) {
    auto turn = co_await net::turn(*loop_);
    if (turn != Outcome::ready) co_return false;
  }
  Session session(*this);
  if (session.input.read_head().kind == net::Io::Kind::again) co_return true;  // woken for nothing
  base::Scope* scope = co_await base::this_scope();
  for (unsigned served = 1;; ++served) {
    {
      base::ArenaLease arena;
      ServerStream stream(*loop_, session.input, *arena, *facts_, *options_);
      stream.set_begun(loop_->now());
      session.request = &stream.request();
      auto length = co_await head(session);
      if (length && *length == 0) [[unlikely]]
        co_return false;  // ended without a request
      base::Scope stream_scope(scope);
      const Running running{stream_scope, stream};
      auto control = begin(session, running, std::move(length));
      if (control) [[likely]] {
        co_await service_->serve(stream).in(stream_scope);
      } else {
        co_await service_->refuse(stream, control.error()).in(stream_scope);
      }
      bool keep = end(running, control.has_value());
      // Lingering begins with the end of what is sent, which a body cut short must not seem to have.
      bool lingers = stream.complete() || !stream.ends_by_closing();
      if (!keep && stream.head_sent() && lingers && (!control || stream.request_unread()))
        co_await linger(*transport_, *loop_);
      if (!keep) co_return false;
    }
    session.input.next_message();
    session.reader.reset();
    if (session.input.empty()) co_return true;
    if (served % kRequestsInARow == 0) co_await net::turn(*loop_);
  }
}

// A head of that length has been read, or what there is cannot be one.
Result<Control> ServerConnection::begin(Session& session, const Running& running,
                                        Result<std::size_t> length) {
  ServerStream& stream = running.stream;
  running_ = &running;
  stirred_ = true;
  transport_->watch(this);
  if (!length) return std::move(length).unexpected();
  const Control& control = session.reader.control();
  if (auto fits = check_length(control.framing, options_->max_body); !fits)
    return std::move(fits).unexpected();
  if (control.upgrade) [[unlikely]]
    take_upgrade(session, stream, *length);
  session.input.use(*length);
  drop_hop_by_hop(stream.request().fields);
  stream.begin(control);
  if (draining_) stream.close_after();
  return control;
}

// It has been answered. True: there may be another request.
bool ServerConnection::end(const Running& running, bool was_request) noexcept {
  ServerStream& stream = running.stream;
  transport_->watch(nullptr);
  running_ = nullptr;
  if (stream.head_sent() && !stream.complete()) {
    transport_->break_off();
    if (stream.ends_by_closing()) transport_->reset_on_close();
  }
  return was_request && stream.reusable() && !running.scope.cancelled();
}

// A request that may turn into a tunnel moves its head into the arena: it may be needed for hours, and then
// the buffer, which is many times larger, is not to be kept for it.
void ServerConnection::take_upgrade(Session& session, ServerStream& stream, std::size_t head) {
  auto& request = stream.request();
  auto framing = session.reader.control().framing;
  if (asked_protocol(request, framing).empty()) return;
  auto own = stream.arena().copy({session.input.pending().data(), head});
  auto again = parse_request(own, options_->limits, request);
  if (again) request.upgrade = asked_protocol(request, framing);
}

// Length of the head that has been received and read as a whole; 0 if the connection ended before one began.
Task<Result<std::size_t>> ServerConnection::head(Session& session) {
  if (auto now = take_head(session)) return std::move(*now);
  return wait_for_head(session);
}

// As far as it goes without waiting.
std::optional<Result<std::size_t>> ServerConnection::take_head(Session& session) {
  for (;;) {
    if (!session.input.empty()) {
      auto length = session.reader.read(session.input.pending(), *session.request);
      if (!length || *length) return length;
    }
    net::Io io = session.input.read_head();
    if (io.kind == net::Io::Kind::again) return std::nullopt;
    if (io.kind == net::Io::Kind::failed && io.error == ENOBUFS)
      return Result<std::size_t>(base::fail(Reason::header_too_large, "the head exceeds the limit"));
    if (io.kind != net::Io::Kind::moved) return std::size_t{0};  // nobody is left to be answered
  }
}

Task<Result<std::size_t>> ServerConnection::wait_for_head(Session& session) {
  auto deadline = loop_->now() + options_->head_timeout;
  while (!late_) {
    auto left = base::Duration::zero();
    if (options_->head_timeout.count()) left = std::max(base::Duration(1), deadline - loop_->now());
    session.input.settle();
    auto wait = transport_->readable(left);
    auto outcome = co_await wait;
    if (outcome == Outcome::ready) {
      if (auto now = take_head(session)) co_return std::move(*now);
      continue;
    }
    if (outcome == Outcome::cancelled || !session.reader.begun()) co_return std::size_t{0};
    // Woken to drain in the middle of a head: a request that has begun is served.
    if (options_->head_timeout.count() && loop_->now() >= deadline) break;
  }
  co_return base::fail(Reason::client_timeout, "the request head did not arrive in time");
}

}  // namespace sluice::http::h1
