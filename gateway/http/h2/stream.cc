// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/stream.h"

#include <algorithm>
#include <utility>

#include "gateway/http/h2/heads.h"

namespace sluice::http::h2 {

using base::Reason;
using base::Result;
using base::Task;
using net::Written;

Stream::~Stream() {
  piece_ = {};
  if (bound_ && sent_all_ && ended_) {  // it ends by itself once everything has left
    nghttp2_session_set_stream_user_data(session_->get(), id_, nullptr);
  } else {
    reset(sent_all_ ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
  }
  if (queue_.size() > 0) session_->consume_connection(queue_.size());
}

void Stream::bind(std::int32_t id) noexcept {
  id_ = id;
  bound_ = nghttp2_session_set_stream_user_data(session_->get(), id, this) == 0;
}

void Stream::unbind() noexcept {
  bound_ = false;
  piece_ = {};
  arrived_.notify();
  taken_.notify();
}

void Stream::reset(std::uint32_t code) noexcept {
  if (!bound_) return;
  nghttp2_session_set_stream_user_data(session_->get(), id_, nullptr);
  nghttp2_submit_rst_stream(session_->get(), NGHTTP2_FLAG_NONE, id_, code);
  unbind();
  session_->wake();
}

void Stream::reset_later(std::uint32_t code) noexcept {
  if (bound_) nghttp2_submit_rst_stream(session_->get(), NGHTTP2_FLAG_NONE, id_, code);
}

void Stream::received(std::span<const char> bytes) {
  if (failed_ != Reason::none) {
    session_->consume_connection(bytes.size());
    return;
  }
  queue_.append(bytes);
  arrived_.notify();
}

void Stream::receive_end(const Fields* trailers) noexcept {
  trailers_ = trailers;
  ended_ = true;
  arrived_.notify();
}

void Stream::receive_failed(Reason why, const char* detail) noexcept {
  if (ended_ || failed_ != Reason::none) return;
  failed_ = why;
  failure_ = detail;
  arrived_.notify();
}

std::optional<Result<Piece>> Stream::take(std::size_t at_most) {
  auto bytes = queue_.take(at_most);
  if (!bytes.empty()) {
    if (bound_) {
      session_->consume(id_, bytes.size());
    } else {
      session_->consume_connection(bytes.size());
    }
    bool last = ended_ && queue_.empty();
    return Piece{bytes, last, last ? trailers_ : nullptr};
  }
  if (ended_) return Piece{{}, true, trailers_};
  if (failed_ != Reason::none) return Result<Piece>(base::fail(failed_, failure_));
  return std::nullopt;
}

// As much of the piece as fits; it stays where it is until it is given.
ssize_t Stream::offer(std::size_t at_most, std::uint32_t& flags) noexcept {
  if (piece_.empty() && !last_) {
    deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  std::size_t n = std::min(at_most, piece_.size());
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (last_ && n == piece_.size()) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (reset_code_ != NGHTTP2_NO_ERROR) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      reset_later(reset_code_);  // leaves after this frame
      trailers_out_ = nullptr;
      if (n == 0) give(0);
    }
    if (trailers_out_ && submit_trailers(session_->get(), id_, *trailers_out_)) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      if (n == 0) give(0);  // nghttp2 leaves such an empty frame out
    }
  }
  return static_cast<ssize_t>(n);
}

std::span<const char> Stream::give(std::size_t n) noexcept {
  auto bytes = piece_.first(n);
  piece_ = piece_.subspan(n);
  given_ += n;
  if (piece_.empty()) {
    sent_all_ = last_;
    taken_.notify();
  }
  return bytes;
}

// No more than the peer has room for: what it does not take, nobody must hold.
std::size_t Stream::piece_size() const noexcept {
  std::int32_t window = 0;
  if (bound_)
    window = std::min(nghttp2_session_get_remote_window_size(session_->get()),
                      nghttp2_session_get_stream_remote_window_size(session_->get(), id_));
  return std::clamp(static_cast<std::size_t>(std::max(window, 0)), net::BufferPool::kHead,
                    net::BufferPool::kBody);
}

// Offers the next piece. False, with `sent` saying why, if it is none.
bool Stream::put(const Result<Piece>& piece, Sent& sent) {
  if (!piece) {
    sent.body = piece.error();
    return false;
  }
  if (left_) {
    std::size_t n = piece->bytes.size();
    if (n > *left_ || (piece->last && n < *left_)) {
      sent.body = base::Error{Reason::internal, "the body is not as long as was announced"};
      return false;
    }
    *left_ -= n;
  }
  piece_ = piece->bytes;
  last_ = piece->last;
  trailers_out_ =
      piece->last && piece->trailers && !piece->trailers->lines().empty() ? piece->trailers : nullptr;
  return true;
}

bool Stream::break_off(const Fields& trailers) {
  if (!bound_ || sent_all_ || left_) return false;
  piece_ = {};
  last_ = true;
  trailers_out_ = &trailers;
  pack();
  trailers_out_ = nullptr;
  if (!sent_all_) last_ = false;  // or it would end as if it were complete, once there is room
  return sent_all_;
}

void Stream::pack() {
  if (deferred_ && bound_) {
    deferred_ = false;
    nghttp2_session_resume_data(session_->get(), id_);
  }
  session_->pack();
}

// Whatever ends the sending, nobody looks at the body's bytes afterwards.
class Stream::Withdraw {
 public:
  explicit Withdraw(Stream& stream) noexcept : stream_(&stream) {}
  Withdraw(const Withdraw&) = delete;
  ~Withdraw() {
    stream_->piece_ = {};
    stream_->trailers_out_ = nullptr;
  }

 private:
  Stream* stream_;
};

Task<Sent> Stream::send_rest(Body& body, std::optional<Task<Result<Piece>>> reading) {
  Withdraw withdraw(*this);
  Sent sent;
  for (;;) {
    if (reading) {
      auto now = std::move(*reading);
      reading.reset();
      auto piece = co_await now;
      if (!put(piece, sent)) co_return sent;
      pack();
    }
    while (bound_ && !sent_all_ && (last_ || !piece_.empty())) {
      auto since = loop_ ? loop_->clock().steady() : base::SteadyTime{};
      auto timeout = pace_ ? pace_->begin_wait(write_timeout_, given_) : std::optional(write_timeout_);
      if (!timeout) {
        sent.written = {Written::Kind::timeout, {}, 0};
        co_return sent;
      }
      auto wait = taken_.wait(*timeout);
      auto outcome = co_await wait;
      if (loop_) waited_ += loop_->clock().steady() - since;
      if (pace_) pace_->end_wait();
      if (outcome == base::Outcome::cancelled) {
        sent.written = {Written::Kind::cancelled, wait.why(), 0};
        co_return sent;
      }
      if (outcome == base::Outcome::timeout) {
        sent.written = {Written::Kind::timeout, {}, 0};
        co_return sent;
      }
    }
    if (sent_all_) co_return sent;
    if (!bound_) {
      sent.written.kind = Written::Kind::failed;
      co_return sent;
    }
    reading.emplace(body.read(piece_size()));
  }
}

}  // namespace sluice::http::h2
