// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/trailers.h"

namespace sluice::front {

using base::Result;
using http::Piece;

Result<Piece> WithoutIdentity::pass(Result<Piece> piece) {
  if (!piece || !piece->trailers) return piece;
  auto* kept = arena_->make<http::Fields>(*arena_);
  kept->add_all(*piece->trailers);
  identity_->remove_from(*kept);
  piece->trailers = kept;
  return piece;
}

}  // namespace sluice::front
