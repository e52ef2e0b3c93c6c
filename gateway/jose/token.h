// SPDX-License-Identifier: Apache-2.0
// Token: a JSON Web Token (RFC 7519) that is signed (JWS in compact form, RFC 7515), taken apart and judged
// step by step: what its header says, who has signed it, and only then what it claims. Follows RFC 8725. No
// clock, no fetching, no HTTP. Errors are Reason::unauthenticated; their details complete "the token ..." and
// may be shown to whoever sent it.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/jose/algorithm.h"
#include "gateway/jose/json.h"
#include "gateway/jose/jwk.h"

namespace sluice::jose {

// Nothing that it says is to be believed yet. Views point into the text that it was made of, which must
// outlive it, and into `header`.
struct Token {
  static constexpr std::size_t kMaxSize = 16 * 1024;
  static constexpr std::size_t kMaxHeader = 4 * 1024;  // in base64url
  static constexpr std::size_t kMaxKeyId = 256;

  Algorithm algorithm{};
  std::string_view key_id;     // `kid`, "" for none: compared with ids of keys, never a place to look for one
  std::string_view type;       // `typ` without "application/", "" for none
  std::string_view signed_by;  // header and payload as they were signed
  std::string_view payload;    // in base64url
  std::string signature;
  Json header;
};
base::Result<Token> parse_token(std::string_view text);

enum class Signature : std::uint8_t {
  good,
  bad,
  unnamed,  // as bad, but no id says that the key was among those tried; a newer set might have it
  no_key    // none of the keys can have made it; a newer set might have one
};
inline bool newer_keys_may_help(Signature s) noexcept {
  return s == Signature::unnamed || s == Signature::no_key;
}
// Has one of the keys signed the token, with its algorithm (whether that is allowed is for the caller)? Which
// one the token means its `kid` says; keys without an id are tried too, but no more than a few.
Signature check_signature(const Token& token, const KeySet& keys) noexcept;

// What claims must say.
struct ClaimRules {
  std::string issuer;                  // `iss`, to the byte
  std::vector<std::string> audiences;  // `aud` names one of them; empty: any
  std::vector<std::string> types;      // of `typ`, which may be absent; ASCII case ignored
  std::chrono::seconds leeway = std::chrono::seconds(60);
};

base::Result<Json> parse_claims(const Token& token);
// `exp` is required; `nbf` and `iat` must not lie in the future.
base::Result<void> check_claims(const Json& claims, const ClaimRules& rules, base::WallTime now);
base::Result<void> check_type(const Token& token, const ClaimRules& rules);
// Does `aud`, a text or a list, name one of these?
bool names_audience(const Json& claims, const std::vector<std::string>& audiences);
// Times of claims are taken up to here, so that nothing overflows: the year 2255.
inline constexpr double kLatestTime = 9e9;
// The moment that a claim names; the epoch if it names none.
base::WallTime time_claim(const Json& claims, std::string_view name) noexcept;
// When the claims end (`exp`), without leeway; the epoch if they do not say.
base::WallTime expiry(const Json& claims) noexcept;
// When they begin (the later one of `nbf` and `iat`); the epoch if they do not say.
base::WallTime beginning(const Json& claims) noexcept;

}  // namespace sluice::jose
