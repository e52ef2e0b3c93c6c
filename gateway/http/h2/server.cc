// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/server.h"

#include <algorithm>

#include "gateway/http/h2/server_stream.h"
#include "gateway/net/turn.h"

namespace sluice::http::h2 {

using base::Outcome;
using base::Reason;
using base::Task;

namespace {

// What a PING of ours holds, and its answer: only one kind is ever sent.
constexpr std::uint8_t kDrainPing[8] = {'d', 'r', 'a', 'i', 'n', 'i', 'n', 'g'};
// How long a client that is told to leave may take to answer that PING.
constexpr base::Duration kDrainPatience = std::chrono::seconds(1);

}  // namespace

ServerConnection::ServerConnection(net::Loop& loop, net::TransportPtr transport, const ConnectionFacts& facts,
                                   const ServerOptions& options, Service& service)
    : loop_(&loop),
      transport_(std::move(transport)),
      facts_(&facts),
      options_(&options),
      service_(&service),
      session_(Session::Side::server, *transport_, loop.buffers(), loop.wheel(), *this,
               options.write_timeout),
      none_left_(loop.wheel()),
      since_(loop.now()) {
  start();  // drain() may come before run(), and what it says follows the SETTINGS
}

ServerConnection::~ServerConnection() = default;

void ServerConnection::start() {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(options_->limits.head)},
      // RFC 9218 section 2.1: the tree of priorities of RFC 7540 is work for nothing.
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
  };
  session_.start(settings, kConnectionWindow);
}

Task<void> ServerConnection::run() {
  base::Scope* outer = co_await base::this_scope();
  scope_.reset(outer);
  {
    base::Job<void> writer(&scope_);
    writer.start(write());
    co_await read();
    // Whatever is still under way ends now; what was to be said last still leaves.
    bool talk = session_.terminated() && !writer_ended_ && !outer->cancelled();
    streams_.for_each([this](ServerStream& s) { s.scope().cancel(lost_); });
    if (talk) co_await writer.join();
    scope_.cancel(lost_);
    // In a scope that nothing cancels: each exchange has been told and ends by itself.
    base::Scope root;
    co_await all_ended().in(root);
  }
  scope_.reset(nullptr);
  if (!outer->cancelled() && session_.terminated()) co_await linger(*transport_, *loop_);
}

Task<void> ServerConnection::all_ended() {
  while (ServerStream* stream = whole_.pop_front()) ended(*stream);
  // Those whose head never became whole belong to nobody else.
  streams_.for_each([this](ServerStream& s) {
    if (!s.started()) ended(s);
  });
  while (count_ > 0) {
    auto wait = none_left_.wait({});
    co_await wait;
  }
}

Task<void> ServerConnection::write() {
  auto written = co_await session_.writer();
  writer_ended_ = true;
  if (written.kind == net::Written::Kind::timeout) {
    lost_ = Reason::client_write_timeout;
    transport_->reset_on_close();  // or the system keeps for it what it does not read
  }
  transport_->interrupt_read();
}

// Until the connection is to end.
Task<void> ServerConnection::read() {
  while (!writer_ended_) {
    auto wait = transport_->readable(patience());
    auto outcome = co_await wait;
    if (outcome == Outcome::cancelled) {
      lost_ = wait.why();
      co_return;
    }
    if (writer_ended_) co_return;
    if (outcome == Outcome::timeout) {
      out_of_patience();
    } else {
      auto received = session_.receive();
      start_heads();
      if (received == Session::Received::closed || received == Session::Received::failed) co_return;
      if (received == Session::Received::violation) close(NGHTTP2_PROTOCOL_ERROR);
      if (received == Session::Received::flood) calm_down();
      count_unknown();
      // Whoever does not answer the PING, but goes on sending, is not waited for either.
      if (draining_ && loop_->now() - drain_since_ >= kDrainPatience) last_goaway();
      // A client that sends without end must not keep the worker from its other connections.
      if (received == Session::Received::much) {
        auto others = net::turn(*loop_);
        co_await others;
      }
    }
    if (session_.terminated()) co_return;
  }
}

// How long nothing may come, zero for ever.
base::Duration ServerConnection::patience() const noexcept {
  auto until = [this](base::SteadyTime begin, base::Duration timeout) {
    if (timeout <= base::Duration::zero()) return base::Duration::zero();
    return std::max(base::Duration(1), begin + timeout - loop_->now());
  };
  if (head_since_ != base::SteadyTime{}) return until(head_since_, options_->head_timeout);
  if (draining_ && !last_goaway_sent_) return until(drain_since_, kDrainPatience);
  if (!greeted_) return until(since_, options_->head_timeout);
  // Also while streams are open: when the last one ends, whoever waits here need not be told.
  return count_ == 0 ? until(since_, options_->keep_alive_timeout) : options_->keep_alive_timeout;
}

void ServerConnection::out_of_patience() noexcept {
  auto passed = [this](base::SteadyTime begin, base::Duration timeout) {
    return timeout > base::Duration::zero() && loop_->now() >= begin + timeout;
  };
  if (head_since_ != base::SteadyTime{}) {
    if (passed(head_since_, options_->head_timeout)) close(NGHTTP2_ENHANCE_YOUR_CALM);
  } else if (draining_ && !last_goaway_sent_) {
    // Not for having been woken to drain: the client has hardly heard of it then.
    if (passed(drain_since_, kDrainPatience)) last_goaway();
  } else if (!greeted_) {
    if (passed(since_, options_->head_timeout)) close(NGHTTP2_SETTINGS_TIMEOUT);
  } else if (count_ == 0 && passed(since_, options_->keep_alive_timeout)) {
    close(NGHTTP2_NO_ERROR);
  }
}

void ServerConnection::close(std::uint32_t code) noexcept {
  if (!session_.terminated()) session_.terminate(code);
}

void ServerConnection::calm_down() noexcept { close(NGHTTP2_ENHANCE_YOUR_CALM); }

// RFC 9113 section 6.8: first say that no more streams are wanted, and once the client must have heard it,
// which was the last. Also where there is none: the first request, or the next one, may be on its way.
void ServerConnection::drain() noexcept {
  if (draining_) return;
  draining_ = true;
  drain_since_ = loop_->now();
  nghttp2_submit_shutdown_notice(session_.get());
  nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, kDrainPing);
  session_.wake();
  transport_->interrupt_read();
}

void ServerConnection::last_goaway() noexcept {
  if (last_goaway_sent_) return;
  last_goaway_sent_ = true;
  if (count_ == 0) return close(NGHTTP2_NO_ERROR);
  nghttp2_submit_goaway(session_.get(), NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_.get()), NGHTTP2_NO_ERROR, nullptr,
                        0);
  session_.wake();
}

// Hands over the requests whose heads have come.
void ServerConnection::start_heads() {
  while (ServerStream* stream = whole_.pop_front()) {
    streams_.push_back(*stream);
    stream->set_started();
    serve(stream->scope(), *this, stream);
  }
}

base::Detached ServerConnection::serve(base::Scope& /*scope*/, ServerConnection& connection,
                                       ServerStream* stream) {
  if (stream->fault()) {
    co_await connection.service_->refuse(*stream, *stream->fault());
  } else {
    co_await connection.service_->serve(*stream);
  }
  stream->finish();
  if (stream->sent_all()) connection.conduct_.completed();
  connection.ended(*stream);
}

void ServerConnection::ended(ServerStream& stream) noexcept {
  delete &stream;
  if (--count_ != 0) return;
  since_ = loop_->now();
  none_left_.notify();
  if (last_goaway_sent_ || client_leaves_) close(NGHTTP2_NO_ERROR);
}

// Frames of unknown types, and such of streams that are over, are skipped without a word to us.
void ServerConnection::count_unknown() noexcept {
  auto unknown = session_.bytes_received() - bytes_known_;
  bytes_known_ = session_.bytes_received();
  if (!conduct_.skipped(loop_->now(), unknown)) calm_down();
}

}  // namespace sluice::http::h2
