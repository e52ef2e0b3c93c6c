// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/recoded_body.h"

#include <algorithm>

#include "gateway/net/turn.h"

namespace sluice::http {

using base::Result;
using base::Task;

RecodedBody::RecodedBody(BodyPtr source, net::Loop& loop, base::Arena& arena, bool flushes)
    : source_(std::move(source)), loop_(&loop), flushes_(flushes) {
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
    if (ready_.empty() && more_)
      if (auto recoded = recode_some(); !recoded) return Result<Piece>(std::move(recoded).unexpected());
    if (!ready_.empty() || ended_) return Result<Piece>(give(at_most));
    if (more_) continue;
    if (reading_) return std::nullopt;
    if (++pieces > kInARow) return std::nullopt;
    auto reading = source_->read(kMostRoom);
    if (!reading.await_ready()) {
      reading_.emplace(std::move(reading));
      if (!flushes_ || !held_) return std::nullopt;
      push_ = Push::flush;
      more_ = true;
    } else if (auto taken = take(reading.await_resume()); !taken) {
      return Result<Piece>(std::move(taken).unexpected());
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
    trailers_ = piece->trailers;
    push_ = Push::finish;
  }
  more_ = !in_.empty() || piece->last;
  return {};
}

Result<void> RecodedBody::recode_some() {
  auto progress = recode(in_, room_, push_);
  if (!progress) {
    source_->abandon();
    return std::move(progress).unexpected();
  }
  in_ = in_.subspan(progress->taken);
  ready_ = room_.first(progress->made);
  more_ = !progress->done;
  if (more_) return {};
  held_ = push_ == Push::none;
  ended_ = push_ == Push::finish;
  if (!ended_) push_ = Push::none;
  return {};
}

Piece RecodedBody::give(std::size_t at_most) noexcept {
  auto now = ready_.first(std::min(at_most, ready_.size()));
  ready_ = ready_.subspan(now.size());
  bool last = ended_ && ready_.empty();
  return {now, last, last ? trailers_ : nullptr};
}

}  // namespace sluice::http
