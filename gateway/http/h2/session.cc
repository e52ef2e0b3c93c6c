// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/session.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "gateway/base/assert.h"
#include "gateway/http/h2/stream.h"

namespace sluice::http::h2 {

using net::Io;
using net::Written;

namespace {

Stream* stream_of(nghttp2_session* session, std::int32_t id) noexcept {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

std::string_view text(const std::uint8_t* bytes, std::size_t n) noexcept {
  return {reinterpret_cast<const char*>(bytes), n};
}

// Acknowledgements that a peer may make us owe before it reads any: a flood of PING or SETTINGS.
constexpr std::size_t kMaxOwedAcks = 256;

}  // namespace

// What nghttp2 calls.
struct Callbacks {
  static Session& self(void* user) noexcept { return *static_cast<Session*>(user); }

  static int begin_frame(nghttp2_session* s, const nghttp2_frame_hd* head, void* user) {
    self(user).events_->on_begin(*head, head->stream_id ? stream_of(s, head->stream_id) : nullptr);
    return 0;
  }

  static int begin_headers(nghttp2_session* s, const nghttp2_frame* frame, void* user) {
    self(user).events_->on_headers(*frame, stream_of(s, frame->hd.stream_id));
    return 0;
  }
  static int header(nghttp2_session* s, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t /*flags*/, void* user) {
    bool go_on = self(user).events_->on_field(*frame, stream_of(s, frame->hd.stream_id),
                                              text(name, name_size), text(value, value_size));
    return go_on ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }
  static int frame_received(nghttp2_session* s, const nghttp2_frame* frame, void* user) {
    self(user).events_->on_frame(*frame, frame->hd.stream_id ? stream_of(s, frame->hd.stream_id) : nullptr);
    return 0;
  }
  static int data_received(nghttp2_session* s, std::uint8_t /*flags*/, std::int32_t id,
                           const std::uint8_t* bytes, std::size_t n, void* user) {
    if (Stream* stream = stream_of(s, id)) {
      self(user).events_->on_data(*stream, {reinterpret_cast<const char*>(bytes), n});
    } else {
      self(user).consume_connection(n);
    }
    return 0;
  }
  static int closed(nghttp2_session* s, std::int32_t id, std::uint32_t code, void* user) {
    if (Stream* stream = stream_of(s, id)) {
      stream->unbind();
      self(user).events_->on_closed(*stream, code);
    }
    return 0;
  }
  static int frame_sent(nghttp2_session* s, const nghttp2_frame* frame, void* user) {
    // nghttp2 has ended the session by itself, for what the peer sent.
    if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR)
      self(user).terminated_ = true;
    self(user).events_->on_sent(*frame, frame->hd.stream_id ? stream_of(s, frame->hd.stream_id) : nullptr);
    return 0;
  }
  static int invalid(nghttp2_session* /*s*/, const nghttp2_frame* frame, int /*error*/, void* user) {
    self(user).events_->on_invalid(*frame);
    return 0;
  }

  // How long a DATA frame may be. There is room for one: otherwise nghttp2 would not have been asked for it.
  static ssize_t data_length(nghttp2_session* /*s*/, std::uint8_t /*type*/, std::int32_t /*id*/,
                             std::int32_t connection_window, std::int32_t stream_window,
                             std::uint32_t frame_size, void* user) {
    auto room = static_cast<std::int64_t>(self(user).room() - kFrameHead);
    std::int64_t windows = std::min(connection_window, stream_window);
    return static_cast<ssize_t>(std::min({room, windows, std::int64_t{frame_size}}));
  }
  static ssize_t data_offered(nghttp2_session* s, std::int32_t id, std::uint8_t* /*buffer*/, std::size_t n,
                              std::uint32_t* flags, nghttp2_data_source* /*source*/, void* /*user*/) {
    Stream* stream = stream_of(s, id);
    return stream ? stream->offer(n, *flags) : ssize_t{NGHTTP2_ERR_DEFERRED};
  }
  static int data_sent(nghttp2_session* s, nghttp2_frame* frame, const std::uint8_t* head, std::size_t n,
                       nghttp2_data_source* /*source*/, void* user) {
    Session& session = self(user);
    Stream* stream = stream_of(s, frame->hd.stream_id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    session.reserve(kFrameHead + n);
    session.append(head, kFrameHead);
    auto bytes = stream->give(n);
    session.append(bytes.data(), n);
    ++session.data_frames_sent_;
    return session.room() < Session::kLeastRoom ? NGHTTP2_ERR_PAUSE : 0;
  }
};

namespace {

// Made once; nghttp2 copies what it needs of both into each session.
struct Shared {
  Shared() {
    if (nghttp2_session_callbacks_new(&callbacks) != 0 || nghttp2_option_new(&options) != 0) std::abort();
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, Callbacks::begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data_received);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::frame_sent);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Callbacks::invalid);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, Callbacks::data_length);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, Callbacks::data_sent);
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_http_messaging(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_outbound_ack(options, kMaxOwedAcks);
  }
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
};

const Shared& shared() {
  static const Shared s;
  return s;
}

}  // namespace

Session::Session(Side side, net::Transport& transport, net::BufferPool& pool, net::Wheel& wheel,
                 Events& events, base::Duration write_timeout)
    : transport_(&transport),
      pool_(&pool),
      wheel_(&wheel),
      events_(&events),
      write_timeout_(write_timeout),
      work_(wheel) {
  auto make = side == Side::server ? nghttp2_session_server_new2 : nghttp2_session_client_new2;
  // Fails for want of memory only, and that ends the process everywhere else too.
  if (make(&session_, shared().callbacks, this, shared().options) != 0) std::abort();
}

Session::~Session() { nghttp2_session_del(session_); }

void Session::start(std::span<const nghttp2_settings_entry> settings, std::int32_t connection_window) {
  int failed = nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  if (!failed)
    failed = nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window);
  dead_ = failed != 0;
}

nghttp2_data_provider Session::provider() noexcept {
  nghttp2_data_provider source{};
  source.read_callback = Callbacks::data_offered;
  return source;
}

Session::Received Session::receive() {
  net::Buffer buffer = pool_->head();
  for (int i = 0; i < kReads; ++i) {
    Io io = transport_->try_read({buffer.data(), buffer.size()});
    if (io.kind == Io::Kind::again) return Received::all;
    if (io.kind == Io::Kind::closed) return Received::closed;
    if (io.kind == Io::Kind::failed) return Received::failed;
    bytes_received_ += io.bytes;
    receiving_ = true;
    auto taken =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(buffer.data()), io.bytes);
    receiving_ = false;
    if (taken < 0 || static_cast<std::size_t>(taken) != io.bytes) {
      // A GOAWAY that says why has been submitted, unless it is no HTTP/2 at all.
      broken_ = true;
      work_.notify();
      return taken == NGHTTP2_ERR_FLOODED ? Received::flood : Received::violation;
    }
    work_.notify();
    if (terminated_) return Received::all;  // the rest is nobody's business any more
  }
  return Received::much;
}

bool Session::over() const noexcept {
  if (dead_) return true;
  if (begin_ != end_ || !rest_.empty()) return false;
  return (broken_ || terminated_) && nghttp2_session_want_write(session_) == 0;
}

void Session::reserve(std::size_t n) noexcept {
  if (!out_) out_ = n > net::BufferPool::kHead ? pool_->body() : pool_->head();
  if (out_.size() - end_ >= n) return;
  net::Buffer larger = pool_->body();
  std::memcpy(larger.data(), out_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  out_ = std::move(larger);
}

void Session::append(const void* bytes, std::size_t n) noexcept {
  if (n == 0) return;
  std::memcpy(out_.data() + end_, bytes, n);
  end_ += n;
}

// Moves frames into the output. False when nghttp2 has failed.
bool Session::fill() noexcept {
  for (;;) {
    if (!rest_.empty()) {
      std::size_t n = std::min(rest_.size(), room());
      reserve(n);
      append(rest_.data(), n);
      rest_ = rest_.subspan(n);
    }
    if (room() < kLeastRoom) return true;
    const std::uint8_t* frame = nullptr;
    auto n = nghttp2_session_mem_send(session_, &frame);
    if (n < 0) {
      dead_ = true;
      return false;
    }
    if (n == 0) return true;
    rest_ = {frame, static_cast<std::size_t>(n)};
  }
}

void Session::pack() {
  SLUICE_ASSERT(!receiving_);
  fill();
  work_.notify();
}

base::Task<Written> Session::writer() {
  for (;;) {
    while (fill() && begin_ != end_) {
      iovec bytes{out_.data() + begin_, end_ - begin_};
      Io io = transport_->try_write({&bytes, 1});
      if (io.kind == Io::Kind::failed) co_return Written{Written::Kind::failed, {}, io.error};
      begin_ += io.bytes;
      sent_ += io.bytes;
      if (begin_ == end_) {
        begin_ = end_ = 0;
        continue;
      }
      blocked_ = true;
      auto wait = transport_->writable(write_timeout_);
      auto outcome = co_await wait;
      blocked_ = false;
      if (outcome == base::Outcome::cancelled) co_return Written{Written::Kind::cancelled, wait.why(), 0};
      if (outcome == base::Outcome::timeout) co_return Written{Written::Kind::timeout, {}, 0};
    }
    if (begin_ == end_) out_.release();
    if (over() || broken_) co_return Written{};
    auto wait = work_.wait({});
    if (co_await wait == base::Outcome::cancelled) co_return Written{Written::Kind::cancelled, wait.why(), 0};
  }
}

void Session::terminate(std::uint32_t code) noexcept {
  terminated_ = true;
  if (nghttp2_session_terminate_session(session_, code) != 0) dead_ = true;
  wake();
}

void Session::consume(std::int32_t stream, std::size_t bytes) noexcept {
  if (nghttp2_session_consume(session_, stream, bytes) != 0) dead_ = true;
  wake();
}

void Session::consume_connection(std::size_t bytes) noexcept {
  if (nghttp2_session_consume_connection(session_, bytes) != 0) dead_ = true;
  wake();
}

}  // namespace sluice::http::h2
