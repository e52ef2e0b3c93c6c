// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/tunnel_body.h"

namespace sluice::http::h2 {

using base::Result;
using base::Task;

Task<Result<Piece>> TunnelBody::read(std::size_t at_most) {
  if (auto piece = take(at_most)) return std::move(*piece);
  return wait(at_most);
}

std::optional<Result<Piece>> TunnelBody::take(std::size_t at_most) {
  auto piece = stream_->take(at_most);
  if (piece && *piece) idle_->again();
  return piece;
}

Task<Result<Piece>> TunnelBody::wait(std::size_t at_most) {
  for (;;) {
    auto arrived = stream_->arrived().wait(base::Duration::zero());
    if (co_await arrived == base::Outcome::cancelled) co_return base::fail(arrived.why());
    if (auto piece = take(at_most)) co_return std::move(*piece);
    if (!stream_->bound()) co_return base::fail(broke_, "the stream of the tunnel is over");
  }
}

}  // namespace sluice::http::h2
