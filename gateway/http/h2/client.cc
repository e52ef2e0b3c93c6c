// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/client.h"

#include <algorithm>
#include <utility>

#include "gateway/http/h2/client_stream.h"

namespace sluice::http::h2 {

using base::Reason;
using base::Task;

namespace {

constexpr auto kStreamsBeforeSettings =
    std::size_t{100};  // RFC 9113 section 6.5.2: no target should allow fewer
constexpr std::int32_t kConnectionWindow =
    static_cast<std::int32_t>(ClientConnection::kMaxStreams) * ClientConnection::kStreamWindow;
// For a target that takes nothing off the socket.
constexpr base::Duration kWriteTimeout = std::chrono::seconds(30);
// A connection that was silent for so long is asked whether it is still there: along with the next request,
// or while one waits for its answer.
constexpr base::Duration kSilence = std::chrono::seconds(10);
constexpr base::Duration kPingTimeout = std::chrono::seconds(5);
// Where nothing but the answer to such a question has come. Servers of gRPC end connections that ask for the
// third time within five minutes without a frame of theirs in between.
constexpr base::Duration kPingAgain = std::chrono::minutes(5);
// What a target that keeps to its windows can send before we answer anything fits into so many calls of
// receive(), with as much again for frames that have no window.
constexpr int kRounds = 2 * kConnectionWindow / (256 * 1024);

ClientStream* of(Stream* stream) noexcept { return static_cast<ClientStream*>(stream); }

constexpr std::uint32_t kLastStream = 0x7fffffff;

}  // namespace

ClientConnection::ClientConnection(net::Loop& loop, net::TransportPtr transport, std::string_view scheme,
                                   Owner& owner)
    : loop_(&loop),
      transport_(std::move(transport)),
      scheme_(scheme),
      owner_(&owner),
      session_(Session::Side::client, *transport_, loop.buffers(), loop.wheel(), *this, kWriteTimeout),
      heard_(loop.now()) {
  constexpr HeadLimits limits;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits.head)},
  };
  session_.start(settings, kConnectionWindow);
  transport_->watch(this);
  writer_.start(write());
}

ClientConnection::~ClientConnection() = default;

ClientStreamPtr ClientConnection::open(base::Arena& arena, const ClientTimeouts& timeouts) {
  ++exchanges_;
  ++streams_;
  if (loop_->now() - heard_ >= kSilence) ping();
  if (due() == net::kNever) watch_silence();
  auto* stream =
      new (arena.allocate(sizeof(ClientStream), alignof(ClientStream))) ClientStream(*this, arena, timeouts);
  open_.push_back(*stream);
  return ClientStreamPtr(stream);
}

bool ClientConnection::usable() const noexcept {
  return !failed_ && !tainted_ && !transport_->hung_up() &&
         nghttp2_session_check_request_allowed(session_.get()) != 0;
}

std::size_t ClientConnection::room() const noexcept {
  std::size_t limit = kStreamsBeforeSettings;
  if (settled_)
    limit = std::min<std::size_t>(kMaxStreams, nghttp2_session_get_remote_settings(
                                                   session_.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  return limit > streams_ ? limit - streams_ : 0;
}

// nghttp2 answers a violation with GOAWAY and understands nothing from then on.
bool ClientConnection::violated() noexcept {
  if (nghttp2_session_check_request_allowed(session_.get()) != 0) return false;
  if (nghttp2_session_get_next_stream_id(session_.get()) > kLastStream) return false;
  if (!goaway_) return true;
  session_.pack();
  return nghttp2_session_want_read(session_.get()) == 0;
}

// The last one to know of a stream that goes. May destroy the connection.
void ClientConnection::stream_gone() noexcept {
  --streams_;
  owner_->stream_ended(usable());
}

// A target behind a silent network looks like a slow one, but it does not answer a PING either.
void ClientConnection::ping() noexcept {
  if (pinged_ || failed_ || nghttp2_submit_ping(session_.get(), NGHTTP2_FLAG_NONE, nullptr) != 0) return;
  pinged_ = true;
  session_.wake();
  loop_->wheel().set(*this, loop_->wheel().due_in(kPingTimeout));
}

// The timer is not moved by what arrives: when it is due it looks how long ago that was.
void ClientConnection::watch_silence() noexcept {
  auto patience = ponged_ ? kPingAgain : kSilence;
  auto left = patience - (loop_->now() - heard_);
  if (left <= base::Duration::zero()) return ping();
  loop_->wheel().set(*this, loop_->wheel().due_in(left));
}

void ClientConnection::expired() noexcept {
  if (!pinged_) {
    if (streams_ != 0) watch_silence();
    return;
  }
  fail(Reason::stale_connection, "the target does not answer any more");
  lose();
}

Session::Received ClientConnection::receive_all() {
  for (int i = 0; i < kRounds; ++i) {
    auto received = session_.receive();
    if (received != Session::Received::much) return received;
  }
  return Session::Received::flood;
}

void ClientConnection::on_activity(bool /*hangup*/) noexcept {
  heard_ = loop_->now();
  bool patient = ponged_;  // the timer is for long
  ponged_ = std::exchange(pinged_, false);
  if (ponged_ || patient) watch_silence();
  switch (receive_all()) {
    case Session::Received::all:
    case Session::Received::much:
      if (violated()) fail(Reason::upstream_protocol, "the target broke the rules of HTTP/2");
      break;
    case Session::Received::closed:
    case Session::Received::failed:
      fail(Reason::upstream_reset, "the target closed the connection");
      break;
    case Session::Received::violation:
    case Session::Received::flood:
      fail(Reason::upstream_protocol, "the target broke the rules of HTTP/2");
      break;
  }
  if (!usable()) lose();
}

// The owner hears of it once; there may be no connection afterwards.
void ClientConnection::lose() noexcept {
  if (!std::exchange(lost_, true)) owner_->lost();
}

Task<void> ClientConnection::write() {
  auto written = co_await session_.writer();
  written_off_ = true;
  // The transport tells a close to its watcher too. Who reads nothing does not.
  if (written.kind == net::Written::Kind::timeout) {
    fail(Reason::timeout_idle, "the target does not read");
  } else if (!written) {
    fail(Reason::upstream_reset, "the target closed the connection");
  }
  failed_ = true;
}

// No stream will hear anything more. Neither resumes nor destroys anybody.
void ClientConnection::fail(Reason why, const char* detail) noexcept {
  failed_ = true;
  open_.for_each([&](ClientStream& stream) {
    bool stale = why == Reason::upstream_reset && stream.reused() && !stream.answered();
    stream.receive_failed(stale ? Reason::stale_connection : why,
                          stale ? "the target closed a reused connection before it answered" : detail);
    let_go(stream);
  });
}

// nghttp2 knows the stream still, but must not lead to it.
void ClientConnection::let_go(ClientStream& stream) noexcept {
  if (stream.bound()) nghttp2_session_set_stream_user_data(session_.get(), stream.id(), nullptr);
  stream.unbind();
  stream.deaf();
}

// nghttp2 closes those that it has sent; others wait for room and would wait for ever.
void ClientConnection::refuse_above(std::int32_t last) noexcept {
  goaway_ = true;
  open_.for_each([&](ClientStream& stream) {
    if (!stream.bound() || stream.id() <= last) return;
    stream.closed(NGHTTP2_REFUSED_STREAM);
    let_go(stream);
  });
}

void ClientConnection::on_headers(const nghttp2_frame& /*frame*/, Stream* stream) {
  if (stream) of(stream)->section_begins();
}

bool ClientConnection::on_field(const nghttp2_frame& /*frame*/, Stream* stream, std::string_view name,
                                std::string_view value) {
  return !stream || of(stream)->field(name, value);
}

void ClientConnection::on_frame(const nghttp2_frame& frame, Stream* stream) {
  if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0 &&
      !std::exchange(settled_, true))
    open_.for_each([](ClientStream& s) { s.arrived().notify(); });  // one of them may want to know
  if (frame.hd.type == NGHTTP2_GOAWAY) refuse_above(frame.goaway.last_stream_id);
  if (!stream) return;
  bool last = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  of(stream)->count_received(kFrameHead + frame.hd.length);
  if (frame.hd.type == NGHTTP2_HEADERS) of(stream)->section_ends(last);
  if (frame.hd.type == NGHTTP2_DATA && last) of(stream)->data_ends();
}

void ClientConnection::on_data(Stream& stream, std::span<const char> bytes) { of(&stream)->data(bytes); }

void ClientConnection::on_closed(Stream& stream, std::uint32_t code) { of(&stream)->closed(code); }

void ClientConnection::on_sent(const nghttp2_frame& frame, Stream* stream) {
  if (stream) of(stream)->count_sent(kFrameHead + frame.hd.length);
}

}  // namespace sluice::http::h2
