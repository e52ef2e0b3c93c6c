// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/tunnel_body.h"

namespace sluice::http::h1 {

using base::Outcome;
using base::Reason;
using base::Result;
using base::Task;

Task<Result<Piece>> TunnelBody::read(std::size_t at_most) {
  if (auto now = take(at_most)) return std::move(*now);
  return wait(at_most);
}

net::Transport* TunnelBody::verbatim_source() noexcept {
  if (!input_->empty()) return nullptr;
  input_->release();
  return &input_->transport();
}

base::Error TunnelBody::verbatim_failure(Outcome outcome, Reason why) {
  if (outcome == Outcome::cancelled) {
    if (why == Reason::timeout_idle)
      return {why, "no byte in either direction for the time that a tunnel may be idle"};
    return {why, {}};
  }
  return {broke_, broke_ == Reason::client_closed ? "the client broke the tunnel off"
                                                  : "the target broke the tunnel off"};
}

// A piece without waiting, if there is one.
std::optional<Result<Piece>> TunnelBody::take(std::size_t at_most) {
  if (input_->empty()) {
    net::Io io = input_->read_body(std::min(at_most, net::BufferPool::kHead), 0);
    if (io.kind == net::Io::Kind::again) return std::nullopt;
    if (io.kind == net::Io::Kind::closed) return Piece{{}, true, nullptr};
    if (io.kind != net::Io::Kind::moved)
      return Result<Piece>(base::Unexpected{verbatim_failure(Outcome::ready, Reason::none)});
  }
  auto bytes = input_->pending();
  bytes = bytes.first(std::min(bytes.size(), at_most));
  input_->use(bytes.size());
  idle_->again();
  return Piece{bytes, false, nullptr};
}

Task<Result<Piece>> TunnelBody::wait(std::size_t at_most) {
  for (;;) {
    input_->release();
    auto readable = input_->transport().readable(base::Duration::zero());
    auto outcome = co_await readable;
    if (outcome == Outcome::cancelled) co_return base::Unexpected{verbatim_failure(outcome, readable.why())};
    if (auto now = take(at_most)) co_return std::move(*now);
  }
}

}  // namespace sluice::http::h1
