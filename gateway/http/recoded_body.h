// SPDX-License-Identifier: Apache-2.0
// RecodedBody: a body of which something makes other bytes, more or fewer: an encoder, a decoder. It reads no
// further than it must, gives way to others where much is read for little, and where the source pauses it can
// have everything given that was read. One buffer of at most 16 KiB, in the exchange's arena.
#pragma once
#include <optional>
#include <span>

#include "gateway/http/body.h"
#include "gateway/http/encoder.h"
#include "gateway/net/loop.h"

namespace sluice::http {

class RecodedBody : public Body {
 public:
  // `flushes`: nothing is held back while the source pauses. The loop is the thread's.
  RecodedBody(BodyPtr source, net::Loop& loop, base::Arena& arena, bool flushes);

  base::Task<base::Result<Piece>> read(std::size_t at_most) override;
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  void abandon() noexcept override { source_->abandon(); }

 protected:
  // As Encoder::encode. An error breaks the body off.
  virtual base::Result<Encoder::Progress> recode(std::span<const char> in, std::span<char> out,
                                                 Push push) = 0;

 private:
  static constexpr std::size_t kLeastRoom = 1024, kMostRoom = 16 * 1024;
  // Less is given only where the source has no more for now.
  static constexpr std::size_t kLeastPiece = 512;
  // Pieces of the source that are read for one that is given, before others on the loop have their turn.
  static constexpr unsigned kInARow = 4;

  std::optional<base::Result<Piece>> step(std::size_t at_most);
  base::Task<base::Result<Piece>> wait(std::size_t at_most);
  bool too_little() const noexcept;
  std::optional<base::Result<Piece>> give_some(std::size_t at_most);
  base::Result<Piece> give(std::size_t at_most);
  void fail(base::Result<void> why);
  base::Result<void> recode_some();
  base::Result<void> take(base::Result<Piece> piece);

  BodyPtr source_;
  net::Loop* loop_;
  base::Arena* arena_;
  std::span<char> room_;
  std::span<const char> in_;                                // of the source's piece, not yet recoded
  std::span<const char> ready_;                             // of `room_`, not yet given
  std::optional<base::Task<base::Result<Piece>>> reading_;  // begun, and there was nothing yet
  const Fields* trailers_ = nullptr;
  std::optional<base::Error> failed_;
  Push push_ = Push::none;
  bool flushes_;
  bool more_ = false;   // recode() has more to give or to take
  bool held_ = false;   // something was taken and perhaps not given
  bool ended_ = false;  // recode() has given all
};

}  // namespace sluice::http
