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
    // Tasks begin when they are awaited: what has come since read() looked was told to nobody.
    if (auto piece = take(at_most)) co_return std::move(*piece);
    if (!stream_->bound()) co_return base::fail(broke_, "the stream of the tunnel is over");
    auto arrived = stream_->arrived().wait(base::Duration::zero());
    auto outcome = co_await arrived;
    if (outcome == base::Outcome::cancelled) co_return base::fail(arrived.why());
  }
}

}  // namespace sluice::http::h2
