// SPDX-License-Identifier: Apache-2.0
// Stream: the two directions of one HTTP/2 stream, the same for server and client: the body that arrives,
// which is queued until it is pulled, and the body that leaves, which is pulled from a Body as fast as the
// peer's windows allow. The base of the server's and the client's streams, which know what its heads and
// failures mean. One worker; the session must outlive it.
#pragma once
#include <optional>

#include "gateway/http/body.h"
#include "gateway/http/h2/queue.h"
#include "gateway/http/h2/session.h"
#include "gateway/net/loop.h"
#include "gateway/net/pace.h"

namespace sluice::http::h2 {

// How sending ended. When `body` is set the body could not be read; else `written` tells about the peer
// (`failed`: the stream or its connection is over).
struct Sent {
  net::Written written;
  std::optional<base::Error> body;
  explicit operator bool() const noexcept { return written && !body; }
};

class Stream {
 public:
  Stream(Session& session, base::Duration write_timeout) noexcept
      : session_(&session),
        write_timeout_(write_timeout),
        queue_(session.pool()),
        arrived_(session.wheel()),
        taken_(session.wheel()) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  std::int32_t id() const noexcept { return id_; }
  // Is it known to the peer and not over?
  bool bound() const noexcept { return bound_; }
  void bind(std::int32_t id) noexcept;
  // For a client: bound to the id that the next request gets. To be unbound if that is not submitted.
  void expect(std::int32_t id) noexcept {
    id_ = id;
    bound_ = true;
  }
  // For the session: the stream is over.
  void unbind() noexcept;
  // RST_STREAM, if it is not over. Nothing of it is sent or received afterwards.
  void reset(std::uint32_t code) noexcept;
  // RST_STREAM from inside Events, where the stream is to see on_closed() as for any other end.
  void reset_later(std::uint32_t code) noexcept;

  // --- What arrives; from Events.
  void received(std::span<const char> bytes);
  // The last byte has come; `trailers` may be null and live as long as the stream.
  void receive_end(const Fields* trailers) noexcept;
  // Nothing more comes, and this is why.
  void receive_failed(base::Reason why, const char* detail) noexcept;

  // --- What arrives, for the body. A piece if there is one without waiting.
  std::optional<base::Result<Piece>> take(std::size_t at_most);
  net::Signal& arrived() noexcept { return arrived_; }
  // What receive_failed() was told, none otherwise.
  base::Reason failure() const noexcept { return failed_; }
  const char* failure_detail() const noexcept { return failure_; }
  bool received_all() const noexcept { return ended_; }

  // --- What leaves. `submit` is called once, with the provider of the body's bytes or null if there are
  // none; false: the stream is over. `length`: bytes that the head has announced. Head, and body as far as it
  // is there, are handed to the session before it returns. `body` may be null and must outlive the task.
  template <class Submit>
  base::Task<Sent> send(Submit submit, Body* body, std::optional<std::uint64_t> length);
  // Sends a further body, after a head that was submitted with the provider and no bytes yet.
  base::Task<Sent> pass_on(Body& body) { return send_rest(body, std::nullopt); }
  // The same with none: there will be no bytes.
  void end_sending() noexcept {
    last_ = true;
    pack();
  }
  // In the middle of a body: no more of it is sent, but these trailers, which nobody needs afterwards. False if
  // they cannot leave at once, as where the peer leaves no room, or break a length that was announced.
  bool break_off(const Fields& trailers);
  // What is sent next is followed by RST_STREAM with this code instead of END_STREAM.
  void end_with_reset(std::uint32_t code) noexcept { reset_code_ = code; }
  // Who reads slowly is waited for as long as it takes, from now on.
  void be_patient() noexcept {
    write_timeout_ = base::Duration::zero();
    pace_.reset();
  }
  // Who reads must keep this pace.
  void keep_pace(const net::MinRate& least, const net::Loop& loop) noexcept { pace_.emplace(least, loop); }
  // The last byte of our side has been handed to the session.
  bool sent_all() const noexcept { return sent_all_; }
  // From now on it is measured how long the peer lets what leaves wait.
  void measure_waits(const net::Loop& loop) noexcept { loop_ = &loop; }
  base::Duration waited() const noexcept { return waited_; }

  // --- For the session.
  ssize_t offer(std::size_t at_most, std::uint32_t& flags) noexcept;
  std::span<const char> give(std::size_t n) noexcept;

 protected:
  // Resets the stream if it is not over.
  ~Stream();
  Session& session() const noexcept { return *session_; }

 private:
  class Withdraw;
  std::size_t piece_size() const noexcept;
  bool put(const base::Result<Piece>& piece, Sent& sent);
  base::Task<Sent> send_rest(Body& body, std::optional<base::Task<base::Result<Piece>>> reading);
  void pack();

  Session* session_;
  base::Duration write_timeout_;
  const net::Loop* loop_ = nullptr;  // null: waits are not measured
  base::Duration waited_{};
  std::optional<net::Pace> pace_;
  std::uint64_t given_ = 0;  // bytes of the body that leaves
  std::int32_t id_ = 0;
  bool bound_ = false;
  bool ended_ = false;     // the peer's side
  bool sent_all_ = false;  // ours
  bool last_ = false;      // `piece_` is the last one
  bool deferred_ = false;  // nghttp2 asked and there was nothing
  base::Reason failed_ = base::Reason::none;
  const char* failure_ = "";
  std::uint32_t reset_code_ = NGHTTP2_NO_ERROR;
  const Fields* trailers_ = nullptr;      // that arrived
  const Fields* trailers_out_ = nullptr;  // that follow `piece_`
  std::optional<std::uint64_t> left_;     // of an announced length
  std::span<const char> piece_;           // offered to the session and not taken yet
  Queue queue_;
  net::Signal arrived_, taken_;
};

template <class Submit>
base::Task<Sent> Stream::send(Submit submit, Body* body, std::optional<std::uint64_t> length) {
  Sent sent;
  if (!body) {
    if (reset_code_ != NGHTTP2_NO_ERROR) {
      sent_all_ = true;
      reset_later(reset_code_);
    } else {
      sent_all_ = bound_ && submit(nullptr);
    }
    pack();
    if (!sent_all_) sent.written.kind = net::Written::Kind::failed;
    return sent;
  }
  left_ = length;
  std::optional<base::Task<base::Result<Piece>>> reading(body->read(piece_size()));
  if (reading->await_ready()) {
    bool good = put(reading->await_resume(), sent);
    reading.reset();
    if (!good) return sent;
  }
  nghttp2_data_provider source = Session::provider();
  if (!bound_ || !submit(&source)) {
    piece_ = {};
    sent.written.kind = net::Written::Kind::failed;
    return sent;
  }
  deferred_ = false;
  pack();
  if (sent_all_) return sent;
  return send_rest(*body, std::move(reading));
}

}  // namespace sluice::http::h2
