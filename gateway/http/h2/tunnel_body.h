// SPDX-License-Identifier: Apache-2.0
// TunnelBody: what arrives on an HTTP/2 stream that has become a tunnel (RFC 8441), until the other side
// sends nothing more. Both sides of HTTP/2 use it.
#pragma once
#include "gateway/http/h2/stream.h"
#include "gateway/net/scope_timer.h"

namespace sluice::http::h2 {

class TunnelBody final : public Body {
 public:
  // `idle` is put off with each piece. `broke`: the reason when the stream is over and nobody has said why.
  // The first two must outlive the body.
  TunnelBody(Stream& stream, net::ScopeTimer& idle, base::Reason broke) noexcept
      : stream_(&stream), idle_(&idle), broke_(broke) {}

  base::Task<base::Result<Piece>> read(std::size_t at_most) override;
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }

 private:
  std::optional<base::Result<Piece>> take(std::size_t at_most);
  base::Task<base::Result<Piece>> wait(std::size_t at_most);

  Stream* stream_;
  net::ScopeTimer* idle_;
  base::Reason broke_;
};

}  // namespace sluice::http::h2
