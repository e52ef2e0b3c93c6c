// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/algorithm.h"

#include <array>

namespace sluice::jose {
namespace {

struct Row {
  std::string_view name;
  Scheme scheme;
  std::string_view doc;
};

// In the order of the enumeration.
const std::array<Row, 13> kRows = {{
    {"RS256", RsaScheme{Hash::sha256, false}, "RSA, PKCS #1 v1.5, with SHA-256."},
    {"RS384", RsaScheme{Hash::sha384, false}, "RSA, PKCS #1 v1.5, with SHA-384."},
    {"RS512", RsaScheme{Hash::sha512, false}, "RSA, PKCS #1 v1.5, with SHA-512."},
    {"PS256", RsaScheme{Hash::sha256, true}, "RSA-PSS with SHA-256."},
    {"PS384", RsaScheme{Hash::sha384, true}, "RSA-PSS with SHA-384."},
    {"PS512", RsaScheme{Hash::sha512, true}, "RSA-PSS with SHA-512."},
    {"ES256", EcScheme{Curve::p256, Hash::sha256}, "ECDSA on P-256 with SHA-256."},
    {"ES384", EcScheme{Curve::p384, Hash::sha384}, "ECDSA on P-384 with SHA-384."},
    {"ES512", EcScheme{Curve::p521, Hash::sha512}, "ECDSA on P-521 with SHA-512."},
    {"EdDSA", EdScheme{}, "Ed25519 or Ed448, whichever the key is of."},
    {"HS256", HmacScheme{Hash::sha256}, "HMAC with SHA-256 and a shared secret."},
    {"HS384", HmacScheme{Hash::sha384}, "HMAC with SHA-384 and a shared secret."},
    {"HS512", HmacScheme{Hash::sha512}, "HMAC with SHA-512 and a shared secret."},
}};

const Row& row(Algorithm a) noexcept { return kRows[static_cast<std::size_t>(a)]; }

template <class Wanted>
bool any(const Algorithms& set, Wanted wanted) noexcept {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    auto a = static_cast<Algorithm>(i);
    if (set.has(a) && wanted(a)) return true;
  }
  return false;
}

}  // namespace

std::optional<Algorithm> algorithm(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (kRows[i].name == name) return static_cast<Algorithm>(i);
  return std::nullopt;
}

std::string_view name(Algorithm a) noexcept { return row(a).name; }
const Scheme& scheme(Algorithm a) noexcept { return row(a).scheme; }
bool symmetric(Algorithm a) noexcept { return std::holds_alternative<HmacScheme>(row(a).scheme); }

Algorithms Algorithms::asymmetric() noexcept {
  Algorithms all;
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (auto a = static_cast<Algorithm>(i); !symmetric(a)) all.add(a);
  return all;
}

bool Algorithms::any_symmetric() const noexcept { return any(*this, symmetric); }
bool Algorithms::any_asymmetric() const noexcept {
  return any(*this, [](Algorithm a) { return !symmetric(a); });
}

void describe(config::Enumeration<Algorithm>& e) {
  e.about("jws_algorithm");
  for (std::size_t i = 0; i < kRows.size(); ++i)
    e.value(std::string(kRows[i].name), static_cast<Algorithm>(i), std::string(kRows[i].doc));
}

}  // namespace sluice::jose
