// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/recoded_body.h"

#include <algorithm>

#include "gateway/net/turn.h"

namespace sluice::http {

using base::Result;
using base::Task;

RecodedBody::RecodedBody(BodyPtr source, net::Loop& loop, base::Arena& arena, bool flushes)
    : source_(std::move(source)), loop_(&loop), arena_(&arena), flushes_(flushes) {
  std::uint64_t expected = source_->length().value_or(kMostRoom);
  room_ = arena.array<char>(std::clamp(static_cast<std::size_t>(std::min<std::uint64_t>(expected, kMostRoom)),
                                       kLeastRoom, kMostRoom));
}

Task<Result<Piece>> RecodedBody::read(std::size_t at_most) {
  if (auto now = step(at_most)) return std::move(*now);
  return wait(at_most);
}

// What can be given without waiting; nullopt if there is nothing: `reading_` is to be awaited or, without it,
// others are to have their turn.
std::optional<Result<Piece>> RecodedBody::step(std::size_t at_most) {
  for (unsigned pieces = 0;;) {
    if (too_little() && more_)
      if (auto recoded = recode_some(); !recoded) fail(std::move(recoded));
    if (!too_little()) return give(at_most);
    if (more_) continue;
    if (reading_ || ++pieces > kInARow) return give_some(at_most);
    auto reading = source_->read(kMostRoom);
    if (!reading.await_ready()) {
      reading_.emplace(std::move(reading));
      if (!flushes_ || !held_) return give_some(at_most);
      push_ = Push::flush;
      more_ = true;
    } else if (auto taken = take(reading.await_resume()); !taken) {
      fail(std::move(taken));
    }
  }
}

Task<Result<Piece>> RecodedBody::wait(std::size_t at_most) {
  for (;;) {
    if (reading_) {
      auto reading = std::move(*reading_);
      reading_.reset();
      auto piece = co_await reading;
      if (auto taken = take(std::move(piece)); !taken) co_return std::move(taken).unexpected();
    } else {
      auto turn = net::turn(*loop_);
      auto outcome = co_await turn;
      if (outcome == base::Outcome::cancelled) co_return base::fail(turn.why());
    }
    if (auto now = step(at_most)) co_return std::move(*now);
  }
}

Result<void> RecodedBody::take(Result<Piece> piece) {
  if (!piece) return std::move(piece).unexpected();
  in_ = piece->bytes;
  if (piece->last) {
    trailers_ = recoded_trailers(piece->trailers, *arena_);
    push_ = Push::finish;
  }
  more_ = !in_.empty() || piece->last;
  return {};
}

Result<void> RecodedBody::recode_some() {
  std::size_t begin = ready_.empty() ? 0 : static_cast<std::size_t>(ready_.data() - room_.data());
  auto progress = recode(in_, room_.subspan(begin + ready_.size()), push_);
  if (!progress) {
    source_->abandon();
    return std::move(progress).unexpected();
  }
  in_ = in_.subspan(progress->taken);
  ready_ = room_.subspan(begin, ready_.size() + progress->made);
  more_ = !progress->done;
  if (more_) return {};
  held_ = push_ == Push::none;
  ended_ = push_ == Push::finish;
  if (!ended_) push_ = Push::none;
  return {};
}

// Is it worth reading on before anything is given? What an encoder begins with, ten bytes of gzip for
// instance, would leave in a packet of its own; and there must be room behind it.
bool RecodedBody::too_little() const noexcept {
  if (ended_ || failed_ || ready_.size() >= kLeastPiece) return false;
  if (ready_.empty()) return true;
  auto end = static_cast<std::size_t>(ready_.data() - room_.data()) + ready_.size();
  return room_.size() - end >= kLeastPiece;
}

// For when there will be no more without waiting.
std::optional<Result<Piece>> RecodedBody::give_some(std::size_t at_most) {
  if (ready_.empty()) return std::nullopt;
  return give(at_most);
}

// What was made before it is given first.
void RecodedBody::fail(Result<void> why) {
  failed_ = std::move(why.error());
  more_ = false;
}

Result<Piece> RecodedBody::give(std::size_t at_most) {
  if (failed_ && ready_.empty()) return base::Unexpected{*failed_};
  auto now = ready_.first(std::min(at_most, ready_.size()));
  ready_ = ready_.subspan(now.size());
  bool last = ended_ && ready_.empty();
  return Piece{now, last, last ? trailers_ : nullptr};
}

}  // namespace sluice::http
