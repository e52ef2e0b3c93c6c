// SPDX-License-Identifier: Apache-2.0
// ReplayBody: a body that remembers what was read of it, up to a limit, so that a request can be sent once
// more. For whoever makes several attempts; the memory is the exchange's. The piece that was read last lies
// where it came from as long as nobody reads on, and is copied only then: a body of one piece never is.
#pragma once
#include "gateway/base/arena.h"
#include "gateway/http/body.h"

namespace sluice::http {

class ReplayBody final : public Body {
 public:
  // `limit`: bytes that are remembered at most. With 0 it can be repeated until the second piece is read.
  ReplayBody(BodyPtr source, base::Arena& arena, std::size_t limit) noexcept
      : source_(std::move(source)), arena_(&arena), room_(limit), measured_(source_->length().has_value()) {}

  base::Task<base::Result<Piece>> read(std::size_t at_most) override;
  std::optional<std::uint64_t> length() const noexcept override;
  void abandon() noexcept override;
  net::Transport* verbatim_source() noexcept override;
  void took(std::uint64_t bytes) noexcept override;
  base::Duration verbatim_timeout() const noexcept override { return source_->verbatim_timeout(); }
  base::Error verbatim_failure(base::Outcome outcome, base::Reason why) override {
    return source_->verbatim_failure(outcome, why);
  }

  // Has everything that was read been remembered?
  bool repeatable() const noexcept { return !lost_; }
  // Reading begins at the beginning again. No read may be under way, and it must be repeatable.
  void rewind() noexcept;

 private:
  struct Chunk {
    std::string_view bytes;
    Chunk* next = nullptr;
  };
  base::Result<Piece> remember(base::Result<Piece> piece);
  void settle() noexcept;
  base::Task<base::Result<Piece>> wait(base::Task<base::Result<Piece>> reading);
  Piece repeat(std::size_t at_most) noexcept;

  BodyPtr source_;
  base::Arena* arena_;
  std::size_t room_;
  bool measured_;                                     // its length was known when it was first sent
  static constexpr std::uint32_t kSmallPieces = 256;  // the bookkeeping of so many costs nothing
  std::uint32_t pieces_ = 0;
  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  Chunk* next_ = nullptr;     // to be repeated
  std::size_t used_ = 0;      // bytes of it
  std::uint64_t behind_ = 0;  // bytes still to be repeated
  std::uint64_t known_ = 0;   // bytes remembered
  bool ended_ = false;        // the source has given its last piece
  bool unsettled_ = false;    // the last chunk lies in the source
  bool lost_ = false;
  const Fields* trailers_ = nullptr;
};

}  // namespace sluice::http
