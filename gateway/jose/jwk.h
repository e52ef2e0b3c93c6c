// SPDX-License-Identifier: Apache-2.0
// JSON Web Keys (RFC 7517) and sets of them: what an issuer publishes to check its tokens by. Keys that
// cannot or must not check signatures here are left out, each with a word why.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/jose/json.h"
#include "gateway/jose/key.h"

namespace sluice::jose {

struct Jwk {
  std::string id;                      // `kid`, "" for none
  std::optional<Algorithm> algorithm;  // the only one that it is for, if it says so
  Key key;

  // May it check tokens of this algorithm?
  bool takes(Algorithm a) const noexcept { return (!algorithm || *algorithm == a) && fits(key, a); }
};

// Some keys, immutable.
class KeySet {
 public:
  // More of them fit no issuer, but an attack on the time that one token takes.
  static constexpr std::size_t kMaxKeys = 128;
  static constexpr std::size_t kMaxBytes = 256 * 1024;

  void add(Jwk key) { keys_.push_back(std::move(key)); }
  std::span<const Jwk> keys() const noexcept { return keys_; }
  bool empty() const noexcept { return keys_.empty(); }
  // Is there a key of this id?
  bool knows(std::string_view id) const noexcept;
  // Why keys were left out: "key `a`: is for encryption".
  std::vector<std::string> left_out;

 private:
  std::vector<Jwk> keys_;
};

// One key. Secrets (`oct`) are keys only where `secrets` says so. The error completes "the key ...".
base::Result<Jwk> parse_jwk(const Json& json, const JsonValue& value, bool secrets);
// A JWK Set, or one JWK alone. An error if that is not what it is; it may be empty. The error completes "the
// key set ...".
base::Result<KeySet> parse_jwks(std::string_view text, bool secrets);

}  // namespace sluice::jose
