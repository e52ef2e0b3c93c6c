// SPDX-License-Identifier: Apache-2.0
// TunnelBody: what arrives on an HTTP/1 connection after it has switched protocols (101), until the other
// side sends nothing more. First comes what was received behind the head. Holds no buffer while it waits.
// Both sides of HTTP/1 use it.
#pragma once
#include "gateway/http/body.h"
#include "gateway/http/h1/input.h"
#include "gateway/net/scope_timer.h"

namespace sluice::http::h1 {

class TunnelBody final : public Body {
 public:
  // `idle` is put off with each piece. `broke`: the error when the connection breaks. Both and the input must
  // outlive the body.
  TunnelBody(Input& input, net::ScopeTimer& idle, base::Reason broke) noexcept
      : input_(&input), idle_(&idle), broke_(broke) {}

  base::Task<base::Result<Piece>> read(std::size_t at_most) override;
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  net::Transport* verbatim_source() noexcept override;
  void took(std::uint64_t bytes) noexcept override { input_->passed_by(bytes); }
  base::Error verbatim_failure(base::Outcome outcome, base::Reason why) override;

 private:
  std::optional<base::Result<Piece>> take(std::size_t at_most);
  base::Task<base::Result<Piece>> wait(std::size_t at_most);

  Input* input_;
  net::ScopeTimer* idle_;
  base::Reason broke_;
};

}  // namespace sluice::http::h1
