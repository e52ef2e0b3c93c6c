// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/send.h"

#include <algorithm>
#include <cstring>

#include "gateway/http/h1/chunked.h"
#include "gateway/net/pump.h"
#include "gateway/net/turn.h"

namespace sluice::http::h1 {

using base::Reason;
using base::Result;
using base::Task;

namespace {

Sent body_error(base::Error error) { return Sent{{}, std::move(error)}; }

}  // namespace

Task<Sent> BodySender::write_later(Task<net::Written> writing) {
  auto since = loop_->clock().steady();
  net::Written w = co_await writing;
  joined_.release();
  waited_ += loop_->clock().steady() - since;
  co_return Sent{w, std::nullopt};
}

Task<Sent> BodySender::send(std::string_view head, Body* body, Framing::Kind framing) {
  auto starting = start(head, body, framing);
  if (!more_) return starting;
  return start_then_rest(std::move(starting), *body);
}

Task<Sent> BodySender::start_then_rest(Task<Sent> starting, Body& body) {
  Sent sent = co_await starting;
  if (!sent) co_return sent;
  Sent end = co_await rest(body);
  co_return end;
}

Task<Sent> BodySender::start(std::string_view head, Body* body, Framing::Kind framing) {
  framing_ = framing;
  if (!body || framing == Framing::Kind::none) return put(head, Piece{{}, true, nullptr});
  if (framing == Framing::Kind::length) left_ = body->length().value_or(0);
  auto reading = body->read(kPiece);
  if (reading.await_ready()) return put(head, reading.await_resume());
  first_.emplace(std::move(reading));
  return put(head, Piece{});
}

// Pieces between two fast peers before others have their turn; a piece is at most kPiece.
constexpr unsigned kPiecesInARow = 8;

Task<Sent> BodySender::rest(Body& body) {
  for (unsigned pieces = 1;; ++pieces) {
    if (!first_ && framing_ == Framing::Kind::length && left_ >= kSplice && to_->can_splice()) {
      net::Transport* from = body.verbatim_source();
      if (from && body.length().value_or(0) == left_) {
        Sent spliced = co_await splice(body, *from);
        if (!spliced || left_ == 0) co_return spliced;
      }
    }
    if (!first_) first_.emplace(body.read(kPiece));
    // In this frame, so that it goes when the sending is given up, and not later with the stream.
    auto reading = std::move(*first_);
    first_.reset();
    auto piece = co_await reading;
    Sent sent = co_await put({}, piece);
    if (!sent || !more_) co_return sent;
    if (pieces % kPiecesInARow != 0) continue;
    auto turn = net::turn(*loop_);  // who never has to wait hears here that his time is over
    if (co_await turn == base::Outcome::cancelled)
      co_return Sent{{net::Written::Kind::cancelled, turn.why(), 0}, std::nullopt};
  }
}

Task<Sent> BodySender::tunnel(Body& body, net::ScopeTimer& idle) {
  timeout_ = base::Duration::zero();
  pace_ = nullptr;
  framing_ = Framing::Kind::until_close;
  more_ = true;
  // Each of the two goes before the next is made: frames of idle tunnels are what they cost.
  Sent sent = co_await until_verbatim(body);
  if (!sent) co_return sent;
  if (!more_) {
    to_->shutdown_write();
    co_return sent;
  }
  sent = co_await pump(body, *body.verbatim_source(), idle);
  co_return sent;
}

// Sends pieces for as long as there is no other way; more_ afterwards: now there is.
Task<Sent> BodySender::until_verbatim(Body& body) {
  while (!body.verbatim_source()) {
    auto piece = co_await body.read(kPiece);
    Sent sent = co_await put({}, piece);
    if (!sent || !more_) co_return sent;
  }
  co_return Sent{};
}

Task<Sent> BodySender::pump(Body& body, net::Transport& from, net::ScopeTimer& idle) {
  net::Pump pump(*loop_, from, *to_, idle);
  // Counts also when this frame is given up.
  struct Account {
    ~Account() {
      body.took(pump.taken());
      sent += pump.given();
    }
    const net::Pump& pump;
    Body& body;
    std::uint64_t& sent;
  } account{pump, body, *sent_};
  net::Pumped end = co_await pump.run();
  more_ = false;
  switch (end.kind) {
    case net::Pumped::Kind::ended:
      break;
    case net::Pumped::Kind::source_failed:
      co_return body_error(body.verbatim_failure(base::Outcome::ready, Reason::none));
    case net::Pumped::Kind::cancelled:
      co_return body_error(body.verbatim_failure(base::Outcome::cancelled, end.why));
    case net::Pumped::Kind::sink_failed:
      co_return Sent{{net::Written::Kind::failed, {}, end.error}, std::nullopt};
  }
  co_return Sent{};
}

// Writes `head` and what `piece` adds to the wire. Sets more_.
Task<Sent> BodySender::put(std::string_view head, const Result<Piece>& piece) {
  more_ = false;
  if (!piece) return body_error(piece.error());
  if (framing_ == Framing::Kind::length) {
    std::size_t n = piece->bytes.size();
    if (n > left_ || (piece->last && n < left_))
      return body_error({Reason::internal, "the body is not as long as was announced"});
    left_ -= n;
  }
  more_ = !piece->last;
  std::size_t n = gather(head, *piece);
  if (n == 0) return Sent{};
  auto writing = net::write_all(*to_, {pieces_, n}, timeout_, *sent_, pace_);
  if (writing.await_ready()) {
    Sent sent{writing.await_resume(), std::nullopt};
    joined_.release();
    if (!sent) more_ = false;
    return sent;
  }
  return write_later(std::move(writing));
}

const Fields* BodySender::trailers_to_send(const Piece& piece) noexcept {
  if (!piece.last || !piece.trailers) return nullptr;
  if (framing_ == Framing::Kind::chunked && takes_trailers_) return piece.trailers;
  for (const Field& line : piece.trailers->lines()) trailers_dropped_ |= !line.dropped;
  return nullptr;
}

std::size_t BodySender::gather(std::string_view head, const Piece& piece) {
  std::size_t n = 0;
  std::string_view bytes(piece.bytes.data(), piece.bytes.size());
  if (!head.empty()) pieces_[n++] = net::piece(head);
  const Fields* trailers = trailers_to_send(piece);
  if (framing_ == Framing::Kind::chunked) {
    if (!bytes.empty()) {
      pieces_[n++] = net::piece({chunk_head_, write_chunk_head(chunk_head_, bytes.size())});
      pieces_[n++] = net::piece(bytes);
    }
    std::string_view tail = bytes.empty() ? std::string_view{} : kChunkEnd;
    if (piece.last) tail = bytes.empty() ? kLastChunk : std::string_view("\r\n0\r\n\r\n");
    if (trailers) {
      std::size_t room = last_chunk_size(*trailers);
      char* out = arena_->chars(kChunkEnd.size() + room);
      char* p = std::copy(kChunkEnd.begin(), kChunkEnd.end(), out);
      char* end = write_last_chunk(p, *trailers);
      tail = {bytes.empty() ? p : out, static_cast<std::size_t>(end - (bytes.empty() ? p : out))};
    }
    if (!tail.empty()) pieces_[n++] = net::piece(tail);
  } else if (!bytes.empty()) {
    pieces_[n++] = net::piece(bytes);
  }
  return n > 1 && !head.empty() ? join_small(n) : n;
}

// Copies a few small pieces into one: the kernel takes longer to gather them than we to copy. Not into the
// arena, which would need another block for it; and this memory was written a moment ago by the message
// before.
std::size_t BodySender::join_small(std::size_t n) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < n; ++i) size += pieces_[i].iov_len;
  if (size > kJoin) return n;
  joined_ = loop_->buffers().head();
  char* p = joined_.data();
  for (std::size_t i = 0; i < n; ++i) {
    std::memcpy(p, pieces_[i].iov_base, pieces_[i].iov_len);
    p += pieces_[i].iov_len;
  }
  pieces_[0] = net::piece({joined_.data(), size});
  return 1;
}

// No pipe is held for a source that is silent: it is two descriptors, and there may be many such sources.
Task<Sent> BodySender::splice(Body& body, net::Transport& from) {
  while (left_) {
    auto wait = from.readable(body.verbatim_timeout());
    auto outcome = co_await wait;
    if (outcome != base::Outcome::ready) co_return body_error(body.verbatim_failure(outcome, wait.why()));
    net::PipeLease lease(loop_->buffers());
    if (!lease) {  // out of descriptors: copy instead
      auto piece = co_await body.read(kPiece);
      Sent sent = co_await put({}, piece);
      co_return sent;
    }
    Sent sent = co_await splice_through(body, from, lease.pipe, lease.held);
    if (!sent) co_return sent;
  }
  more_ = false;
  co_return Sent{};
}

// Until the body ends or the source has nothing more to give for now; then the pipe is empty.
Task<Sent> BodySender::splice_through(Body& body, net::Transport& from, const net::Pipe& pipe,
                                      std::size_t& held) {
  for (unsigned pieces = 1; left_; ++pieces) {
    std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(left_, pipe.capacity));
    net::Io in = from.try_splice_in(pipe, want);
    if (in.kind == net::Io::Kind::again) break;
    if (in.kind != net::Io::Kind::moved)
      co_return body_error(body.verbatim_failure(base::Outcome::ready, Reason::none));
    held = in.bytes;
    left_ -= held;
    body.took(held);
    // More follows at once only if the socket had as much as was asked for; otherwise the kernel would hold a
    // part of a segment back while a slow upstream thinks.
    bool follows = left_ > 0 && in.bytes == want;
    while (held) {
      net::Io out = to_->try_splice_out(pipe, held, follows);
      if (out.kind == net::Io::Kind::again) {
        auto since = loop_->clock().steady();
        auto timeout = pace_ ? pace_->begin_wait(timeout_, *sent_) : std::optional(timeout_);
        if (!timeout) co_return Sent{{net::Written::Kind::timeout, {}, 0}, std::nullopt};
        auto wait = to_->writable(*timeout);
        auto outcome = co_await wait;
        waited_ += loop_->clock().steady() - since;
        if (pace_) pace_->end_wait();
        if (outcome == base::Outcome::cancelled)
          co_return Sent{{net::Written::Kind::cancelled, wait.why(), 0}, std::nullopt};
        if (outcome == base::Outcome::timeout)
          co_return Sent{{net::Written::Kind::timeout, {}, 0}, std::nullopt};
        continue;
      }
      if (out.kind != net::Io::Kind::moved)
        co_return Sent{{net::Written::Kind::failed, {}, out.error}, std::nullopt};
      held -= out.bytes;
      *sent_ += out.bytes;
    }
    if (pieces % kPiecesInARow != 0 || left_ == 0) continue;
    auto turn = net::turn(*loop_);
    if (co_await turn == base::Outcome::cancelled)
      co_return Sent{{net::Written::Kind::cancelled, turn.why(), 0}, std::nullopt};
  }
  co_return Sent{};
}

}  // namespace sluice::http::h1
