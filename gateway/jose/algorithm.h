// SPDX-License-Identifier: Apache-2.0
// Algorithms of JWS (RFC 7518 section 3, RFC 8037): each belongs to one family of keys, and the type of what
// it needs says so. `none` is no algorithm here and has no name.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/config/describe.h"

namespace sluice::jose {

enum class Hash : std::uint8_t { sha256, sha384, sha512 };
enum class Curve : std::uint8_t { p256, p384, p521 };

struct RsaScheme {
  Hash hash;
  bool pss;  // RSASSA-PSS with MGF1 and a salt as long as the hash; otherwise PKCS #1 v1.5
};
struct EcScheme {
  Curve curve;
  Hash hash;
};
struct EdScheme {};
struct HmacScheme {
  Hash hash;
};
using Scheme = std::variant<RsaScheme, EcScheme, EdScheme, HmacScheme>;

enum class Algorithm : std::uint8_t {
  rs256,
  rs384,
  rs512,
  ps256,
  ps384,
  ps512,
  es256,
  es384,
  es512,
  eddsa,
  hs256,
  hs384,
  hs512
};

std::optional<Algorithm> algorithm(std::string_view name) noexcept;
std::string_view name(Algorithm algorithm) noexcept;
const Scheme& scheme(Algorithm algorithm) noexcept;
// HS256 and its kind: who can check such a token can make one.
bool symmetric(Algorithm algorithm) noexcept;

// Some algorithms, as a word of bits.
class Algorithms {
 public:
  constexpr Algorithms() = default;
  constexpr Algorithms(std::initializer_list<Algorithm> list) {
    for (Algorithm a : list) add(a);
  }
  // All but the symmetric ones.
  static Algorithms asymmetric() noexcept;

  constexpr void add(Algorithm a) noexcept { bits_ |= 1U << static_cast<unsigned>(a); }
  constexpr bool has(Algorithm a) const noexcept { return (bits_ >> static_cast<unsigned>(a) & 1) != 0; }
  bool any_symmetric() const noexcept;
  bool any_asymmetric() const noexcept;
  bool operator==(const Algorithms&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

void describe(config::Enumeration<Algorithm>& e);

}  // namespace sluice::jose
