// SPDX-License-Identifier: Apache-2.0
// WithoutIdentity: a request's body in whose trailers nobody tells who calls. Some upstreams read trailers
// like fields of the head (RFC 9110 section 6.5.1), so what is taken from the one may not come by the other.
// One worker thread.
#pragma once
#include "gateway/chain/identity_fields.h"
#include "gateway/http/passing_body.h"

namespace sluice::front {

class WithoutIdentity final : public http::PassingBody {
 public:
  // All must outlive it.
  WithoutIdentity(http::BodyPtr source, const chain::IdentityFields& fields, base::Arena& arena) noexcept
      : PassingBody(std::move(source)), identity_(&fields), arena_(&arena) {}

 private:
  base::Result<http::Piece> pass(base::Result<http::Piece> piece) override;

  const chain::IdentityFields* identity_;
  base::Arena* arena_;
};

}  // namespace sluice::front
