// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/replay_body.h"

#include <algorithm>
#include <utility>

namespace sluice::http {

using base::Result;
using base::Task;

Task<Result<Piece>> ReplayBody::read(std::size_t at_most) {
  if (next_ || (ended_ && !lost_)) return Result<Piece>(repeat(at_most));
  settle();
  auto reading = source_->read(at_most);
  if (lost_) return reading;
  if (reading.await_ready()) return remember(reading.await_resume());
  return wait(std::move(reading));
}

Task<Result<Piece>> ReplayBody::wait(Task<Result<Piece>> reading) {
  auto piece = co_await reading;
  co_return remember(std::move(piece));
}

std::optional<std::uint64_t> ReplayBody::length() const noexcept {
  if (!measured_) return std::nullopt;  // framed as it was the first time
  if (ended_) return behind_;
  auto rest = source_->length();
  if (!rest) return std::nullopt;
  return *rest + behind_;
}

Result<Piece> ReplayBody::remember(Result<Piece> piece) {
  if (!piece) {
    lost_ = true;
    return piece;
  }
  if (!piece->bytes.empty()) {
    auto* chunk = arena_->make<Chunk>(std::string_view(piece->bytes.data(), piece->bytes.size()));
    (first_ ? last_->next : first_) = chunk;
    last_ = chunk;
    known_ += chunk->bytes.size();
    unsettled_ = true;
  }
  ended_ = piece->last;
  trailers_ = piece->trailers;
  return piece;
}

// Before the source is asked for anything that may overwrite the last piece.
void ReplayBody::settle() noexcept {
  if (!std::exchange(unsettled_, false)) return;
  // Pieces of a byte each take more room than their bytes: a few of them may, not all.
  std::size_t size = last_->bytes.size() + (pieces_ < kSmallPieces ? 0 : sizeof(Chunk));
  if (size > room_) {
    lost_ = true;
    return;
  }
  room_ -= size;
  ++pieces_;
  last_->bytes = arena_->copy(last_->bytes);
}

void ReplayBody::abandon() noexcept {
  settle();
  source_->abandon();
}

net::Transport* ReplayBody::verbatim_source() noexcept {
  if (next_) return nullptr;
  settle();
  bool is_kept = !lost_ && source_->length().value_or(0) <= room_;
  return is_kept ? nullptr : source_->verbatim_source();
}

void ReplayBody::took(std::uint64_t bytes) noexcept {
  lost_ = true;
  source_->took(bytes);
}

Piece ReplayBody::repeat(std::size_t at_most) noexcept {
  std::string_view bytes;
  if (next_) {
    bytes = next_->bytes.substr(used_, at_most);
    used_ += bytes.size();
    behind_ -= bytes.size();
    if (used_ == next_->bytes.size()) {
      next_ = next_->next;
      used_ = 0;
    }
  }
  bool last = ended_ && !next_;
  return {{bytes.data(), bytes.size()}, last, last ? trailers_ : nullptr};
}

void ReplayBody::rewind() noexcept {
  next_ = first_;
  used_ = 0;
  behind_ = known_;
}

}  // namespace sluice::http
