// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/trailers.h"

namespace sluice::front {

using base::Result;
using http::Piece;

Result<Piece> WithoutIdentity::pass(Result<Piece> piece) {
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
