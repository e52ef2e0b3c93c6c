// SPDX-License-Identifier: Apache-2.0
// WithoutIdentity: a request's body in whose trailers nobody tells who calls. Some upstreams read trailers
// like fields of the head (RFC 9110 section 6.5.1), so what is taken from the one may not come by the other.
// One worker thread.
#pragma once
#include "gateway/chain/identity_fields.h"
#include "gateway/http/body.h"

namespace sluice::front {

class WithoutIdentity final : public http::Body {
 public:
  // All must outlive it.
  WithoutIdentity(http::BodyPtr source, const chain::IdentityFields& fields, base::Arena& arena) noexcept
      : source_(std::move(source)), identity_(&fields), arena_(&arena) {}

  base::Task<base::Result<http::Piece>> read(std::size_t at_most) override;
  std::optional<std::uint64_t> length() const noexcept override { return source_->length(); }
  void abandon() noexcept override { source_->abandon(); }

 private:
  base::Result<http::Piece> cleaned(base::Result<http::Piece> piece) const;
  base::Task<base::Result<http::Piece>> wait(base::Task<base::Result<http::Piece>> reading);

  http::BodyPtr source_;
  const chain::IdentityFields* identity_;
  base::Arena* arena_;
};

}  // namespace sluice::front
