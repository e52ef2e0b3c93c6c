// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <array>

#include "gateway/net/openssl_setup.h"

namespace sluice::jose {

using base::Result;

namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, net::OpensslFree<EVP_MD_CTX_free>>;

const char* hash_name(Hash hash) noexcept {
  switch (hash) {
    case Hash::sha256:
      return "SHA256";
    case Hash::sha384:
      return "SHA384";
    case Hash::sha512:
      return "SHA512";
  }
  return nullptr;
}
std::size_t hash_size(Hash hash) noexcept {
  return hash == Hash::sha256 ? 32 : hash == Hash::sha384 ? 48 : 64;
}
std::size_t coordinate_size(Curve curve) noexcept {
  return curve == Curve::p256 ? 32 : curve == Curve::p384 ? 48 : 66;
}

base::Unexpected refuse_key(std::string why) {
  ERR_clear_error();
  return base::fail(base::Reason::validation, std::move(why));
}

}  // namespace

class Prepared {
 public:
  // `hash` is null for EdDSA, which hashes by itself.
  Prepared(EVP_PKEY* key, const char* hash, bool pss) : context_(EVP_MD_CTX_new()) {
    EVP_PKEY_CTX* scheme = nullptr;
    good_ = context_ &&
            EVP_DigestVerifyInit_ex(context_.get(), &scheme, hash, nullptr, nullptr, key, nullptr) == 1;
    if (good_ && pss)
      good_ = EVP_PKEY_CTX_set_rsa_padding(scheme, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_pss_saltlen(scheme, RSA_PSS_SALTLEN_DIGEST) == 1;
    // Each copy checks one text; without this OpenSSL would check by a copy of the copy (EVP_MD_CTX_set_flags(3)).
    if (good_) EVP_MD_CTX_set_flags(context_.get(), EVP_MD_CTX_FLAG_FINALISE);
    ERR_clear_error();
  }
  bool verify(std::string_view text, std::string_view signature) const {
    if (!good_) return false;
    thread_local const DigestContext copy(EVP_MD_CTX_new());
    bool signed_by_it = copy && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1 &&
                        EVP_DigestVerify(copy.get(), net::openssl_bytes(signature), signature.size(),
                                         net::openssl_bytes(text), text.size()) == 1;
    if (copy) EVP_MD_CTX_reset(copy.get());
    if (!signed_by_it) ERR_clear_error();
    return signed_by_it;
  }

 private:
  DigestContext context_;
  bool good_ = false;
};

namespace {

std::size_t index(RsaScheme scheme) noexcept {
  return static_cast<std::size_t>(scheme.hash) + (scheme.pss ? 3 : 0);
}

// An unsigned number of fixed size as an INTEGER of DER; at most 66 bytes long.
unsigned char* write_integer(unsigned char* out, std::string_view number) noexcept {
  while (number.size() > 1 && number.front() == 0) number.remove_prefix(1);
  bool looks_negative = (static_cast<unsigned char>(number.front()) & 0x80) != 0;
  *out++ = 0x02;
  *out++ = static_cast<unsigned char>(number.size() + (looks_negative ? 1 : 0));
  if (looks_negative) *out++ = 0;
  for (char c : number) *out++ = static_cast<unsigned char>(c);
  return out;
}

// R and S one behind the other, as the SEQUENCE that OpenSSL reads.
std::string_view to_der(std::string_view signature, std::array<unsigned char, 160>& memory) noexcept {
  constexpr std::size_t kRoom = 3;  // for the head
  unsigned char* begin = memory.data() + kRoom;
  unsigned char* end = write_integer(begin, signature.substr(0, signature.size() / 2));
  end = write_integer(end, signature.substr(signature.size() / 2));
  auto size = static_cast<std::size_t>(end - begin);
  *--begin = static_cast<unsigned char>(size);
  if (size >= 0x80) *--begin = 0x81;
  *--begin = 0x30;
  return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin)};
}

}  // namespace

RsaKey::RsaKey(net::KeyPtr key) {
  for (bool pss : {false, true})
    for (Hash hash : {Hash::sha256, Hash::sha384, Hash::sha512})
      schemes_[index({hash, pss})] = std::make_shared<const Prepared>(key.get(), hash_name(hash), pss);
}

bool RsaKey::checks(RsaScheme scheme, std::string_view text, std::string_view signature) const {
  return schemes_[index(scheme)]->verify(text, signature);
}

EcKey::EcKey(net::KeyPtr key, Curve curve) : curve_(curve) {
  Hash hash = curve == Curve::p256 ? Hash::sha256 : curve == Curve::p384 ? Hash::sha384 : Hash::sha512;
  scheme_ = std::make_shared<const Prepared>(key.get(), hash_name(hash), false);
}

bool EcKey::checks(EcScheme scheme, std::string_view text, std::string_view signature) const {
  if (scheme.curve != curve_ || signature.size() != 2 * coordinate_size(curve_)) return false;
  std::array<unsigned char, 160> memory;
  return scheme_->verify(text, to_der(signature, memory));
}

EdKey::EdKey(net::KeyPtr key) : scheme_(std::make_shared<const Prepared>(key.get(), nullptr, false)) {}

bool EdKey::checks(EdScheme, std::string_view text, std::string_view signature) const {
  return scheme_->verify(text, signature);
}

bool HmacKey::checks(HmacScheme scheme, std::string_view text, std::string_view signature) const {
  std::size_t size = hash_size(scheme.hash);
  if (secret_.size() < size || signature.size() != size) return false;
  unsigned char made[EVP_MAX_MD_SIZE];
  std::size_t length = 0;
  if (!EVP_Q_mac(nullptr, "HMAC", nullptr, hash_name(scheme.hash), nullptr, secret_.data(), secret_.size(),
                 net::openssl_bytes(text), text.size(), made, sizeof made, &length))
    return ERR_clear_error(), false;
  return length == size && CRYPTO_memcmp(made, signature.data(), size) == 0;
}

namespace {

struct Fits {
  bool operator()(const RsaKey&, RsaScheme) const noexcept { return true; }
  bool operator()(const EcKey& k, EcScheme s) const noexcept { return k.curve() == s.curve; }
  bool operator()(const EdKey&, EdScheme) const noexcept { return true; }
  bool operator()(const HmacKey& k, HmacScheme s) const noexcept { return k.size() >= hash_size(s.hash); }
  // Every other pair of a key and a scheme.
  template <class K, class S>
  bool operator()(const K&, const S&) const noexcept {
    return false;
  }
};

}  // namespace

bool fits(const Key& key, Algorithm algorithm) noexcept {
  // By value, so that no pair is taken for one of any other kind.
  return std::visit([](const auto& k, auto s) { return Fits{}(k, s); }, key, scheme(algorithm));
}

bool checks(const Key& key, Algorithm algorithm, std::string_view text, std::string_view signature) {
  return std::visit(
      [&](const auto& k, const auto& s) {
        if constexpr (requires { k.checks(s, text, signature); }) {
          return k.checks(s, text, signature);
        } else {
          return false;
        }
      },
      key, scheme(algorithm));
}

namespace {

Result<Key> make_ec(net::KeyPtr key) {
  char group[64];
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key.get(), group, sizeof group, &size) != 1)
    return refuse_key("is of no named curve");
  std::string_view name(group, size);
  if (name == "prime256v1" || name == "P-256") return Key(EcKey(std::move(key), Curve::p256));
  if (name == "secp384r1" || name == "P-384") return Key(EcKey(std::move(key), Curve::p384));
  if (name == "secp521r1" || name == "P-521") return Key(EcKey(std::move(key), Curve::p521));
  return refuse_key("is of the curve " + std::string(name) + "; P-256, P-384 and P-521 are known");
}

Result<Key> make_rsa(net::KeyPtr key) {
  int bits = EVP_PKEY_get_bits(key.get());
  if (bits < RsaKey::kMinBits)
    return refuse_key("has " + std::to_string(bits) + " bits only; RSA needs " +
                      std::to_string(RsaKey::kMinBits));
  if (bits > RsaKey::kMaxBits)
    return refuse_key("has " + std::to_string(bits) + " bits; at most " + std::to_string(RsaKey::kMaxBits) +
                      " are taken");
  BIGNUM* exponent = nullptr;
  if (EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
    return refuse_key("has no exponent");
  const std::unique_ptr<BIGNUM, net::OpensslFree<BN_free>> owner(exponent);
  if (!BN_is_odd(exponent) || BN_is_one(exponent) || BN_num_bits(exponent) > 64)
    return refuse_key("has an exponent that is even, one or of more than 64 bits");
  return Key(RsaKey(std::move(key)));
}

}  // namespace

Result<Key> make_key(net::KeyPtr key) {
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA:
      return make_rsa(std::move(key));
    case EVP_PKEY_EC:
      return make_ec(std::move(key));
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return Key(EdKey(std::move(key)));
    default:
      return refuse_key("is of a kind that no algorithm here is for");
  }
}

Result<Key> key_of_pem(std::string_view pem) {
  if (pem.find("PRIVATE KEY-----") != std::string_view::npos)
    return refuse_key("is private; checking needs the public one alone");
  net::BioPtr text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!text) return refuse_key("cannot be read");
  if (net::KeyPtr key{PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr)})
    return make_key(std::move(key));
  if (BIO_reset(text.get()) != 1) return refuse_key("cannot be read");
  if (net::X509Ptr certificate{PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr)})
    if (net::KeyPtr key{X509_get_pubkey(certificate.get())}) return make_key(std::move(key));
  return refuse_key("is no PEM of a PUBLIC KEY or a CERTIFICATE");
}

}  // namespace sluice::jose
