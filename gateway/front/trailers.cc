// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/trailers.h"

namespace sluice::front {

using base::Result;
using base::Task;
using http::Piece;

Task<Result<Piece>> WithoutIdentity::read(std::size_t at_most) {
  auto reading = source_->read(at_most);
  if (reading.await_ready()) return cleaned(reading.await_resume());
  return wait(std::move(reading));
}

Task<Result<Piece>> WithoutIdentity::wait(Task<Result<Piece>> reading) {
  auto piece = co_await reading;
  co_return cleaned(std::move(piece));
}

Result<Piece> WithoutIdentity::cleaned(Result<Piece> piece) const {
  if (!piece || !piece->trailers) return piece;
  auto* kept = arena_->make<http::Fields>(*arena_);
  bool underscores = false;
  for (const http::Field& line : piece->trailers->lines()) {
    if (line.dropped) continue;
    kept->add(line.name, line.value);
    underscores |= line.name.find('_') != line.name.npos;
  }
  if (underscores) kept->beware_of_lookalikes();
  identity_->remove_from(*kept);
  piece->trailers = kept;
  return piece;
}

}  // namespace sluice::front
