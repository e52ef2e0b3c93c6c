// SPDX-License-Identifier: Apache-2.0
// Reads what PUT /revocations is asked for:
//   ?issuer=I&jti=J            this token
//   ?issuer=I&sub=S            what was issued for S before now, or before `before`
//   ?issuer=I                  what was issued before now, or before `before`
// `until` says when it may be forgotten, a week from now without it. Moments are as 2027-01-31T12:00:00Z or
// seconds since 1970, as in tokens.
#pragma once
#include <string>
#include <string_view>

#include "gateway/chain/revocations.h"

namespace sluice::admin {

struct RevocationQuery {
  chain::Revocation revocation;
  std::string fault;  // "" if all is well; for people
};

// What became of it.
struct Revoked {
  enum class Kind : unsigned char {
    done,
    full,      // as many as can be remembered are in force already
    not_kept,  // in force, but not over restarts
  };
  Kind kind = Kind::done;
  std::string detail = {};  // why, for people
};

// `query` with its question mark.
RevocationQuery revocation_of(std::string_view query, base::WallTime now);

}  // namespace sluice::admin
