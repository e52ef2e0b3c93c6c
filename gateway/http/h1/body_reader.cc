// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/body_reader.h"

#include <algorithm>
#include <cstring>

namespace sluice::http::h1 {

using base::Reason;
using base::Result;
using base::Task;

BodyReader::BodyReader(Input& input, const Framing& framing, Message kind, base::Arena& arena,
                       base::Duration timeout, std::uint64_t limit) noexcept
    : input_(&input),
      framing_(framing.kind),
      left_(framing.length),
      allowance_(limit),
      timeout_(timeout),
      trailers_(arena),
      decoder_(kind, &trailers_) {}

std::optional<std::uint64_t> BodyReader::length() const noexcept {
  if (framing_ != Framing::Kind::length) return std::nullopt;
  return left_;
}

net::Transport* BodyReader::verbatim_source() noexcept {
  // What moves inside the kernel is not seen, so no pace can be kept.
  if (framing_ != Framing::Kind::length || pace_ || !input_->empty() || !input_->transport().can_splice())
    return nullptr;
  input_->release_body();
  return &input_->transport();
}

base::Error BodyReader::verbatim_failure(base::Outcome outcome, Reason why) {
  if (outcome == base::Outcome::timeout) return silent();
  return outcome == base::Outcome::cancelled ? cancelled(why) : ended();
}

Task<Result<Piece>> BodyReader::read(std::size_t at_most) {
  begun_ = true;
  if (auto now = take(at_most)) return std::move(*now);
  return wait(at_most);
}

bool BodyReader::discard_received() {
  while (!complete_ && !input_->empty()) {
    auto piece = take(net::BufferPool::kHead);
    if (!piece || !*piece) return false;
  }
  return complete_;
}

// What a wait would be worth reading for: the rest of the message, and where its end is not known, no more
// than the head buffer can take over.
std::size_t BodyReader::room(std::size_t at_most) const noexcept {
  if (framing_ == Framing::Kind::length)
    return static_cast<std::size_t>(std::min<std::uint64_t>(at_most, left_));
  if (framing_ == Framing::Kind::chunked) return std::min(at_most, input_->room_past());
  return at_most;
}

// A piece without waiting, if there is one.
std::optional<Result<Piece>> BodyReader::take(std::size_t at_most) {
  if (complete_) return Piece{{}, true, nullptr};  // what is in the socket is not of this message
  if (input_->empty()) {
    bool end_is_known = framing_ == Framing::Kind::length;
    net::Io io = input_->read_body(room(at_most), end_is_known ? input_->room_past() : 0);
    if (io.kind == net::Io::Kind::again) return std::nullopt;
    if (io.kind == net::Io::Kind::closed && framing_ == Framing::Kind::until_close) {
      complete_ = true;
      return Piece{{}, true, nullptr};
    }
    if (io.kind != net::Io::Kind::moved) return Result<Piece>(base::Unexpected{ended()});
  }
  if (framing_ == Framing::Kind::chunked) return take_chunked(at_most);
  auto bytes = input_->pending();
  std::size_t n = std::min(bytes.size(), at_most);
  if (framing_ == Framing::Kind::length) {
    n = static_cast<std::size_t>(std::min<std::uint64_t>(n, left_));
    left_ -= n;
    complete_ = left_ == 0;
  }
  input_->use(n);
  return Piece{bytes.first(n), complete_, nullptr};
}

constexpr std::size_t kSmallChunk = 4096;  // bytes

// What one read brought leaves in one write, however small its chunks are.
Result<Piece> BodyReader::take_chunked(std::size_t at_most) {
  if (bad_chunk_) return base::Unexpected{*bad_chunk_};
  auto received = input_->pending();
  received = received.first(std::min(received.size(), at_most));
  auto body = take_chunk(received);
  if (bad_chunk_) return base::Unexpected{*bad_chunk_};
  body = join_small(body, received);
  bool trailers = complete_ && !trailers_.lines().empty();
  return Piece{body, complete_, trailers ? &trailers_ : nullptr};
}

// Uses the front of `received`, up to the next body bytes behind those that are returned. Of a bad chunk
// nothing is used.
std::span<char> BodyReader::take_chunk(std::span<char>& received) {
  auto step = decoder_.feed(received);
  if (step && step->body.size() > allowance_)
    step = base::fail(Reason::body_too_large, "the chunks exceed the limit");
  if (!step) {
    bad_chunk_ = std::move(step).error();
    return {};
  }
  allowance_ -= step->body.size();
  complete_ = step->done;
  input_->use(step->consumed);
  std::span<char> body;
  if (!step->body.empty())
    body = received.subspan(static_cast<std::size_t>(step->body.data() - received.data()), step->body.size());
  received = received.subspan(step->consumed);
  return body;
}

// Moves the bytes of small chunks up to those of `body`, each byte once: that is less work than a write for
// each. What is good is given before what is bad is told.
std::span<char> BodyReader::join_small(std::span<char> body, std::span<char> received) {
  while (!complete_ && !received.empty() &&
         std::min<std::uint64_t>(decoder_.left(), received.size()) <= kSmallChunk) {
    auto more = take_chunk(received);
    if (bad_chunk_) break;
    std::memmove(body.data() + body.size(), more.data(), more.size());
    body = {body.data(), body.size() + more.size()};
  }
  return body;
}

Task<Result<Piece>> BodyReader::wait(std::size_t at_most) {
  auto ready = co_await before_wait();
  if (!ready) co_return std::move(ready).unexpected();
  for (;;) {
    input_->release_body();  // many a peer may be slow at a time
    auto timeout = pace_ ? pace_->begin_wait(timeout_, input_->received()) : std::optional(timeout_);
    if (!timeout) co_return base::Unexpected{silent()};
    auto readable = input_->transport().readable(*timeout);
    auto outcome = co_await readable;
    if (pace_) pace_->end_wait();
    if (outcome == base::Outcome::cancelled) co_return base::Unexpected{cancelled(readable.why())};
    if (outcome == base::Outcome::timeout) co_return base::Unexpected{silent()};
    if (auto now = take(at_most)) {
      // A read that gave framing only is no progress for the caller, unless it was the end.
      if (!*now || !(*now)->bytes.empty() || (*now)->last) co_return std::move(*now);
    }
  }
}

}  // namespace sluice::http::h1
