// SPDX-License-Identifier: Apache-2.0
// PassingBody: the base of bodies that look at each piece of another one, or change it in its place, and
// leave its length as it is. Waits only where the other one does.
#pragma once
#include <utility>

#include "gateway/http/body.h"

namespace sluice::http {

class PassingBody : public Body {
 public:
  explicit PassingBody(BodyPtr source) noexcept : source_(std::move(source)) {}

  base::Task<base::Result<Piece>> read(std::size_t at_most) final {
    auto reading = source_->read(at_most);
    if (reading.await_ready()) return pass(reading.await_resume());
    return wait(std::move(reading));
  }
  std::optional<std::uint64_t> length() const noexcept final { return source_->length(); }
  void abandon() noexcept final { source_->abandon(); }

 private:
  // What the reader gets in place of a piece, or of an error, of the source.
  virtual base::Result<Piece> pass(base::Result<Piece> piece) = 0;

  base::Task<base::Result<Piece>> wait(base::Task<base::Result<Piece>> reading) {
    auto piece = co_await reading;
    co_return pass(std::move(piece));
  }

  BodyPtr source_;
};

}  // namespace sluice::http
